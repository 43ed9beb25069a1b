// Typesets TeX with MathJax, one line of JSON in, one line of JSON out: {tex, display} -> {html}
// or {error}. The first line out is {css}, the style sheet that the results need.
const path = require("path");
const readline = require("readline");

const [nodeModules, fontURL] = process.argv.slice(2);
const send = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");

require(path.join(nodeModules, "mathjax"))
  .init({
    loader: { load: ["input/tex", "output/chtml", "a11y/assistive-mml"] },
    tex: {
      packages: { "[-]": ["noundefined"] }, // an unknown command is an error, not red text
      formatError: (_, error) => { throw error; },
    },
    // the whole style sheet, whatever is used: one file serves every page, in any order of building
    chtml: { adaptiveCSS: false, fontURL },
  })
  .then(async (MathJax) => {
    const { adaptor } = MathJax.startup;
    send({ css: adaptor.textContent(MathJax.chtmlStylesheet()) });
    for await (const line of readline.createInterface({ input: process.stdin })) {
      const { tex, display } = JSON.parse(line);
      try {
        send({ html: adaptor.outerHTML(await MathJax.tex2chtmlPromise(tex, { display })) });
      } catch (error) {
        send({ error: error.message });
      }
    }
  });
