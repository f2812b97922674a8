import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { bundle, ownFile } from "../../peer/bundler.js";
import type { PageData } from "./page-data.js";

/** Makes the HTML of a page: one file that opens without a server and loads nothing. */
export type PageRenderer = (data: PageData) => string;

/** Prepares all that every page is made of. */
export async function pageRenderer(): Promise<PageRenderer> {
  const require = createRequire(import.meta.url);
  const [script, plotStyle] = await Promise.all([
    bundle({
      entryPoints: [ownFile("../profile/page/page-script")],
      platform: "browser",
      format: "iife",
      target: "es2022",
      minify: true,
      banner: { js: "/* with uPlot, (c) Leon Sorokin, MIT Licensed: github.com/leeoniya/uPlot */" },
    }),
    readFile(require.resolve("uplot/dist/uPlot.min.css"), "utf8"),
  ]);
  return (data) => html(data, script.text, plotStyle);
}

function html(data: PageData, script: string, plotStyle: string): string {
  // Inside a script element only its own end tag ends it; in JSON, "<" may as well be written as \u003c.
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Profile</title>
<style>${plotStyle}${STYLE}</style>
</head>
<body>
<h1 id="title"></h1>
<ul id="facts"></ul>
<main>
<section id="overview"></section>
<section id="plots"></section>
<section id="runs"></section>
</main>
<script id="data" type="application/json">${json}</script>
<script>${script.replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 90rem; background: white; color: #1a1a1a; font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
#facts { margin: 0 0 1rem; padding: 0; list-style: none; color: #444; }
.scroll { overflow-x: auto; margin: 0 0 1.5rem; border-right: 1px solid #ddd; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; background: white; }
th { vertical-align: bottom; white-space: normal; min-width: 4.5rem; }
th:first-child, td:first-child { position: sticky; left: 0; text-align: left; }
td.text { text-align: left; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid #0072b2; }
th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
#plots { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; padding: .25rem 0; }
.u-legend { font-size: .8rem; text-align: left; }
#plots { margin-bottom: 1.5rem; }
details { border-top: 1px solid #ddd; padding: .5rem 0; }
summary { cursor: pointer; }
summary strong, summary .failure { margin-right: .75rem; }
.failure { color: #a40000; font-weight: 600; }
details ul { margin: 0; padding: 0; list-style: none; color: #444; }
`;
