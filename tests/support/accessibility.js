// What the tests of the console look for in a page: names, roles, headings, landmarks, sizes. Returns what is wrong.
() => {
  const problems = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const label = (element) => element.outerHTML.slice(0, 120);
  const nameOf = (element) => {
    const by = element.getAttribute("aria-labelledby");
    const labelled = by && by.split(" ").map((id) => document.getElementById(id)?.innerText ?? "").join(" ");
    const labels = [...(element.labels ?? [])].map((one) => one.textContent).join(" ");
    const own = /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName) ? "" : element.textContent;
    return (element.getAttribute("aria-label") || labelled || labels || own || "").trim();
  };
  const modal = document.querySelector("dialog[open]");
  const root = modal ?? document;
  const active = "a[href], button, input, select, summary, dialog, section, [role=img], [role=region], [role=group]";
  for (const element of root.querySelectorAll(active)) {
    if (seen(element) && !nameOf(element)) problems.push(`no name: ${label(element)}`);
  }
  for (const image of root.querySelectorAll("img, svg")) {
    const isNamed = image.hasAttribute("alt") || image.getAttribute("role") === "img";
    if (!isNamed && image.getAttribute("aria-hidden") !== "true") problems.push(`an image without words: ${label(image)}`);
  }
  for (const element of root.querySelectorAll("[tabindex]")) {
    if (element.tabIndex > 0) problems.push(`out of the order of the focus: ${label(element)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) problems.push(`twice: #${id}`);
  for (const table of root.querySelectorAll("table")) {
    const isHeaded = [...table.querySelectorAll("th")].every((cell) => cell.scope);
    if (!table.querySelector("th") || !isHeaded) problems.push(`a table without headings: ${label(table)}`);
  }
  for (const target of root.querySelectorAll("button, select, input")) {
    const { width, height } = target.getBoundingClientRect();
    if (seen(target) && (width < 24 || height < 24)) problems.push(`too small to be hit: ${label(target)}`);
  }
  if (!modal) {
    for (const [name, landmark] of [["banner", "body > #app > header"], ["navigation", "nav"], ["main", "main"]]) {
      if (!document.querySelector(landmark)) problems.push(`no ${name}`);
    }
    if (document.querySelectorAll("h1").length !== 1) problems.push("not one h1");
  }
  let level = 1;
  for (const heading of root.querySelectorAll("h1, h2, h3, h4")) {
    if (!modal && Number(heading.tagName[1]) > level + 1) problems.push(`a level is left out: ${label(heading)}`);
    level = Number(heading.tagName[1]);
  }
  if (!document.documentElement.lang || !document.title) problems.push("no language or title");
  return problems;
}
