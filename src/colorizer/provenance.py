"""Where a number came from: the machine, the versions, and the code that computed it.

Code is told apart by what it computes, one definition of a module at a time (a function, a class,
an assignment). Comments, docstrings, formatting and the messages of exceptions do not count, and
neither does a definition that is not used. So a sentence can be put better without making a result
look old.

What a piece of code uses is read off its text: imported names, attributes of imported modules
(`metrics.mse`), names of the same module, and so on through the package. A class counts as a whole.
So does a module of which one cannot tell what is used, because it is passed on as an object. What a
module does when it is imported always counts.
"""

import ast
import hashlib
import importlib.metadata
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).parent
# Data, not code: whoever asks `experiments` for a row notes which one in `$COLORIZER_READS`.
TABLE = {("experiments", "EXPERIMENTS"), ("experiments", "_TABLE")}

ON_IMPORT = ""  # the name of what a module does when it is imported
WHOLE = "*"


def source_hash(uses: Iterable[str]) -> str:
    """A fingerprint of some code of the package and of all code that it uses.

    Args:
        uses: names inside the package, of definitions ("training.fit") or of modules ("data").

    Returns:
        The first 16 hexadecimal digits of a SHA-256.

    Raises:
        ValueError: the package has nothing of such a name.
    """
    package, roots = _package(), set()
    for name in uses:
        module, _, definition = name.partition(".")
        if module not in package or (definition and definition not in package[module].parts):
            raise ValueError(f"The package has no {name!r}.")
        roots.add((module, definition or WHOLE))
    return _hash(_fingerprints(package, roots).items(), 16)


def used_by(code: str) -> dict[str, str]:
    """What Python source uses of the package, directly or not.

    Returns:
        Name ("metrics.mse", or "backend" for what a module does when it is imported) to the first
        8 hexadecimal digits of a SHA-256 of its own code, in the order of the names.
    """
    statements = _Bare().visit(ast.parse(code)).body
    imports = _imports(_own_nodes(statements))
    package = _package()
    names = _part(statements, imports).names
    roots = {part for name in names for part in _located(package, name)}
    return _fingerprints(package, roots | _imported(package, imports))


def code_hash(cells: Iterable[str]) -> str:
    """A fingerprint of Python source in cells, each of which shows the value of its last line.

    Returns:
        The first 16 hexadecimal digits of a SHA-256.
    """
    # IPython does not show what ends in a semicolon, which the syntax tree does not hold.
    return _hash(
        (
            _text(_Bare().visit(ast.parse(cell)).body) + ";" * cell.rstrip().endswith(";")
            for cell in cells
        ),
        16,
    )


def environment() -> dict[str, str]:
    """Device, backend, Python and library versions of this process."""
    from colorizer.backend import keras  # here: a chapter's fingerprint needs no backend

    backend = keras.backend.backend()
    libraries = ("keras", backend, "numpy", "opencv-python-headless", "scikit-image")
    return {
        "device": _device(keras.distribution.list_devices()),
        "backend": backend,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    } | {name: _version(name) for name in libraries}


def peak_memory() -> int:
    """The largest resident set of this process so far, in bytes."""
    try:  # Linux counts what a parent had before exec(2) into getrusage(2), but not in here
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024
    except (OSError, TypeError):
        pass
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) differs between systems
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _device(devices):
    if all(device.lower().startswith("cpu") for device in devices):
        return f"{_processor()}, {os.cpu_count()} cores"
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    if shutil.which(query[0]):
        told = subprocess.run(query, capture_output=True, text=True, check=False)
        if told.returncode == 0:
            return ", ".join(told.stdout.splitlines())
    return ", ".join(devices)


def _version(library):
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:  # such as OpenCV under another name
        return "of unknown version"


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "CPU"
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "CPU")


@dataclass(frozen=True)
class _Part:
    """A definition of a module: a fingerprint of its code, and the dotted names that it looks up.

    A name that was imported is spelt out, such as ("colorizer", "metrics", "mse"); one of the
    module itself begins with a dot, (".", "mse").
    """

    fingerprint: str
    names: frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class _Module:
    """What a module defines, by name, and what the names stand for that it imports."""

    parts: dict[str, _Part]
    imports: dict[str, tuple[str, ...]]


def _fingerprints(package, roots):
    """All parts that some parts use, themselves included, with the fingerprint of each."""
    known, waiting = set(), set(roots)
    while waiting:
        part = waiting.pop()
        known.add(part)
        waiting |= _uses(package, *part) - known
    found = {}
    for module, name in sorted(known):
        if name != WHOLE and (part := package[module].parts[name]).fingerprint:
            found[f"{module}.{name}".rstrip(".")] = part.fingerprint
    return found


def _uses(package, module, name):
    """The parts that a part uses itself, and what happens when its module is imported."""
    content = package[module]
    if name == WHOLE:
        return {(module, part) for part in content.parts}
    found = {(module, ON_IMPORT), ("__init__", ON_IMPORT)}
    for names in content.parts[name].names:
        if names[0] == "." and names[1] in content.parts:
            found.add((module, names[1]))
        found |= _located(package, names)
    if name == ON_IMPORT:
        found |= _imported(package, content.imports)
    if module == "experiments" and (module, name) not in TABLE:
        found -= TABLE
    return found


def _imported(package, imports):
    """What happens when the modules of some names are imported."""
    return {
        (module, ON_IMPORT) for names in imports.values() for module, _ in _located(package, names)
    }


def _located(package, names):
    """The parts of the package that a dotted name, such as ("colorizer", "data"), stands for."""
    if names[0] != "colorizer":
        return set()
    if len(names) == 1:
        return {(module, WHOLE) for module in package}
    module, *inside = names[1:]
    if module not in package:  # such as the version, which the package itself defines
        module, inside = "__init__", names[1:]
    content = package[module]
    if inside and inside[0] in content.parts:
        return {(module, inside[0])}
    if inside and inside[0] in content.imports:
        elsewhere = (*content.imports[inside[0]], *inside[1:])
        return _located(package, elsewhere) | {(module, ON_IMPORT)}
    return {(module, WHOLE)}


def _package():
    return {path.stem: _parsed(path.read_text()) for path in PACKAGE.glob("*.py")}


@lru_cache(maxsize=256)
def _parsed(source):
    statements = [s for s in _Bare().visit(ast.parse(source)).body if not _is_text(s)]
    imports = _imports(_own_nodes(statements))
    definitions, on_import = {}, []
    for statement in statements:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            for name in _bound([statement]):
                definitions.setdefault(name, []).append(statement)
            if not _only_defines(statement):
                on_import.append(statement)
    for statement in statements:
        decorators = _part(getattr(statement, "decorator_list", []), imports).names
        own = {(".", name) for name in definitions} & decorators
        others = [n for n in decorators if n[0] == "colorizer" and len(n) == 3]  # not Keras's
        if own or others:  # which may enter it in a list
            on_import.append(statement)
    parts = {name: _part(definition, imports) for name, definition in definitions.items()}
    return _Module(parts | {ON_IMPORT: _part(on_import, imports)}, imports)


def _part(statements, imports):
    """Some statements of a module that imports `imports`; none have no fingerprint."""
    lookups = _Lookups()
    for statement in statements:
        lookups.visit(statement)
    imports = imports | _imports(lookups.imports)
    names, meanings = set(), set()
    for first, *rest in lookups.found:
        names.add((".", first))
        if first in imports:
            names.add((*imports[first], *rest))
            meanings.add(f"{first}={'.'.join(imports[first])}")
    fingerprint = _hash([_text(statements), *sorted(meanings)], 8) if statements else ""
    return _Part(fingerprint, frozenset(names))


def _only_defines(statement):
    """Whether all that a statement of a module does is to give names a meaning."""
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = getattr(statement, "targets", None) or [statement.target]
        into = {type(node) for target in targets for node in ast.walk(target)}
        return not into & {ast.Attribute, ast.Subscript}  # which change another object
    return isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _imports(nodes):
    """The names that import statements among some nodes bind, and what they stand for."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = tuple(alias.name.split("."))
                found[alias.asname or name[0]] = name if alias.asname else name[:1]
        elif isinstance(node, ast.ImportFrom):
            place = ["colorizer"] * node.level + (node.module or "").split(".")
            for alias in node.names:
                found[alias.asname or alias.name] = (*filter(None, place), alias.name)
    return found


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _own_nodes(statements):
    """The nodes that share a scope with some statements."""
    nodes = list(statements)
    for node in nodes:
        yield node
        if not isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)):
            nodes += ast.iter_child_nodes(node)


def _bound(statements):
    """The names that some statements bind in their scope, other than by an import."""
    found = set()
    for node in _own_nodes(statements):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


class _Lookups(ast.NodeVisitor):
    """Collects the dotted names that are looked up in the scope of the module."""

    def __init__(self):
        self.found = set()
        self.imports = []  # in functions
        self.hidden = frozenset()  # by the variables of the functions around

    def visit_Name(self, node):
        self._note(node, ())

    def visit_Attribute(self, node):
        names = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            self._note(node, names)
        else:
            self.visit(node)

    def visit_Import(self, node):
        self.imports.append(node)

    visit_ImportFrom = visit_Import  # noqa: N815

    def _note(self, node, attributes):
        if isinstance(node.ctx, ast.Load) and node.id not in self.hidden:
            self.found.add((node.id, *attributes))

    def generic_visit(self, node):
        """Visit the children; those in a scope of its own without the names that it binds."""
        if isinstance(node, _FUNCTIONS):
            body = node.body if isinstance(node.body, list) else [node.body]
            for child in ast.iter_child_nodes(node):
                if child not in body:
                    self.visit(child)
            elsewhere = {n for x in _own_nodes(body) if isinstance(x, ast.Global) for n in x.names}
            arguments = {x.arg for x in ast.iter_child_nodes(node.args) if isinstance(x, ast.arg)}
            self._visit_inside(body, arguments | _bound(body) - elsewhere)
        elif isinstance(node, _COMPREHENSIONS):
            self.visit(node.generators[0].iter)  # is evaluated outside
            self._visit_inside(
                ast.iter_child_nodes(node), _bound(part.target for part in node.generators)
            )
        else:
            super().generic_visit(node)

    def _visit_inside(self, nodes, bound):
        outside = self.hidden
        self.hidden = outside | bound
        for node in nodes:
            self.visit(node)
        self.hidden = outside


class _Bare(ast.NodeTransformer):
    """Takes away what is for readers only: docstrings and the messages of exceptions."""

    def generic_visit(self, node):
        """Go on to the statements inside; there are none in an expression."""
        return node if isinstance(node, ast.expr) else super().generic_visit(node)

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.body = [x for x in node.body if not _is_text(x)] or [ast.Pass()]
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef  # noqa: N815

    def visit_Raise(self, node):
        self.generic_visit(node)
        if node.exc:
            node.exc = _Mute().visit(node.exc)
        return node

    def visit_Assert(self, node):
        self.generic_visit(node)
        if node.msg:
            node.msg = _Mute().visit(node.msg)
        return node


class _Mute(ast.NodeTransformer):
    """Makes every text empty."""

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node):
        return ast.Constant("")


def _is_text(statement):
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _text(node):
    """A syntax tree as text, without its layout, the same in every version of Python."""
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields if name != "kind")
        said = [f"{name}={_text(value)}" for name, value in fields if value not in (None, [])]
        return f"{type(node).__name__}({', '.join(said)})"
    if isinstance(node, list):
        return f"[{', '.join(map(_text, node))}]"
    return repr(node)


def _hash(parts, digits):
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:digits]
