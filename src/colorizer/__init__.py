"""Colorization with autoencoders: the real model under every chapter of the course."""
