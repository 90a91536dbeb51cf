"use strict";
// Filter, order, fold and sort. The page is complete without it; it changes only what is shown.
(() => {
  const all = (what, where = document) => Array.from(where.querySelectorAll(what));
  all(".js").forEach(one => { one.hidden = false; });

  const lists = all(".gaplist");
  if (lists.length) {
    const rank = { critical: 0, high: 1, medium: 2, low: 3, info: 4 };
    const row = (one, place, kind) => ({
      one, place, text: "", severity: kind.dataset.s, category: kind.dataset.c,
    });
    const rows = lists.flatMap(list => Array.from(list.children).map((one, place) => row(one, place, one)));
    for (const one of rows) one.name = one.one.querySelector(".a b").textContent;
    const groups = all("#grouplist > details").map(one => ({
      one, label: one.querySelector("summary").textContent.toLowerCase(),
      rows: all("li", one).map((item, place) => row(item, place, one)),
    }));
    const field = name => document.getElementById("f-" + name);
    const count = field("count");
    const show = (one, shown) => { if (one.hidden === shown) one.hidden = !shown; return shown; };
    const filter = () => {
      const words = field("text").value.toLowerCase().split(/\s+/).filter(Boolean);
      const severity = field("sev").value, category = field("cat").value;
      const fits = (one, label) => {
        if (severity && one.severity !== severity || category && one.category !== category) return false;
        const text = one.text || (one.text = one.one.textContent.toLowerCase());
        return words.every(word => text.includes(word) || label.includes(word));
      };
      let shown = 0;
      for (const one of rows) shown += show(one.one, fits(one, ""));
      for (const group of groups) {
        let found = 0;
        for (const one of group.rows) found += show(one.one, fits(one, group.label));
        show(group.one, found > 0);
        shown += found;
      }
      for (const list of lists) {
        const empty = !list.querySelector(":scope > :not([hidden])");
        list.previousElementSibling.hidden = empty;
      }
      count.textContent = shown + " " + count.dataset.word;
    };
    const order = {
      v: (a, b) => a.place - b.place,
      s: (a, b) => rank[a.severity] - rank[b.severity] || a.place - b.place,
      n: (a, b) => a.name.localeCompare(b.name) || a.place - b.place,
    };
    const sort = () => {
      rows.sort(order[field("sort").value]);
      for (const list of lists) list.append(...rows.filter(one => one.one.parentNode === list).map(one => one.one));
    };
    let waiting = 0;
    field("text").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 120);
    });
    field("sev").addEventListener("change", filter);
    field("cat").addEventListener("change", filter);
    field("sort").addEventListener("change", sort);
    document.querySelector("form.filter").addEventListener("submit", event => {
      event.preventDefault();
      filter();
    });
  }

  const collate = new Intl.Collator(undefined, { numeric: true });
  for (const table of all("table[data-sort]")) {
    const body = table.tBodies[0];
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        all("thead th", table).forEach(other => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const keyed = Array.from(body.rows, row => [row.cells[column].textContent.trim(), row]);
        keyed.sort((a, b) => collate.compare(a[0], b[0]) * (down ? -1 : 1));
        body.append(...keyed.map(pair => pair[1]));
      });
    });
  }

  // Folding: a node's first child that is shown stands beside it, the others on rows of their own.
  const ROW = 44, COLUMN = 268, GAP = 40, DEEPEST = 5;
  const SVG = "http://www.w3.org/2000/svg";
  const draw = svg => {
    let row = -1, folded = Infinity;
    const open = [];
    for (const node of svg.nodes) {
      if (node.depth > folded) { node.one.setAttribute("display", "none"); continue; }
      folded = node.folded ? node.depth : Infinity;
      open.length = node.depth;
      const parent = open[node.depth - 1];
      if (!parent || parent.children++ || node.depth > DEEPEST) row += 1;
      const y = row * ROW + 2, x = Math.min(node.depth, DEEPEST) * COLUMN + 2;
      node.one.removeAttribute("display");
      node.one.setAttribute("transform", "translate(" + x + " " + y + ")");
      if (parent) {
        const line = parent.y === y ? "M-" + (GAP - 8) + " 18h" + (GAP - 8)
          : "M-" + GAP / 2 + " " + (parent.y - y + 18) + "V18h" + GAP / 2;
        node.one.querySelector("path").setAttribute("d", line);
      }
      open[node.depth] = { y, children: 0 };
    }
    const height = (row + 1) * ROW;
    svg.one.setAttribute("height", height);
    svg.one.setAttribute("viewBox", "0 0 " + svg.one.getAttribute("width") + " " + height);
  };
  const element = (name, values, text) => {
    const made = document.createElementNS(SVG, name);
    for (const key in values) made.setAttribute(key, values[key]);
    if (text) made.textContent = text;
    return made;
  };
  for (const one of all("svg.tree")) {
    const nodes = all("g.n", one).map(g => ({ one: g, depth: Number(g.dataset.d), folded: false }));
    const svg = { one, nodes };
    nodes.forEach((node, place) => {
      const next = nodes[place + 1];
      if (!next || next.depth <= node.depth) return;
      const label = node.one.querySelector("text").textContent;
      const button = element("g", {
        class: "t", role: "button", tabindex: "0", "aria-expanded": "true", "aria-label": label,
      });
      const sign = element("text", { x: 228, y: 22 }, "−");
      button.append(element("circle", { cx: 228, cy: 18, r: 8 }), sign);
      node.one.append(button);
      const toggle = () => {
        node.folded = !node.folded;
        sign.textContent = node.folded ? "+" : "−";
        button.setAttribute("aria-expanded", String(!node.folded));
        draw(svg);
      };
      button.addEventListener("click", toggle);
      button.addEventListener("keydown", event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        toggle();
      });
    });
  }

  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    for (let one = target; one; one = one.parentElement) if (one.localName === "details") one.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => all(".net").forEach(one => { one.open = true; }));
})();
