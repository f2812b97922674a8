/** What the page of a profile runs in the browser: it draws the data that stands in the page. */
import { browser, byId, element } from "./dom.js";
import type { PageData, RunData } from "./page-data.js";
import { plot } from "./plot.js";
import { sortableTable } from "./sortable-table.js";

const data = JSON.parse(byId("data").textContent ?? "") as PageData;

browser.document.title = data.title;
byId("title").textContent = data.title;
byId("facts").append(...data.facts.map((fact) => element("li", fact)));
byId("overview").append(sortableTable(data.overview));
byId("runs").append(...data.runs.map((run) => runSection(run, data.runs.length === 1)));

const plots = data.plots.map(plot);
byId("plots").append(...plots.map((each) => each.element));
const resize = (): void => {
  for (const each of plots) each.resize();
};
resize();
browser.addEventListener("resize", resize);

function runSection({ name, failure, sentence, remarks, tables }: RunData, isOpen: boolean) {
  const failed = failure === undefined ? [] : [element("span", `failed: ${failure}`, "failure")];
  const summary = element("summary", [element("strong", name), ...failed, element("span", sentence)]);
  const notes = element(
    "ul",
    remarks.map((remark) => element("li", remark)),
  );
  const section = element("details", [summary, ...tables.map(sortableTable), notes]);
  if (isOpen) section.setAttribute("open", "");
  return section;
}
