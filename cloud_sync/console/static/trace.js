// Draws a trace when somebody asks for it: only then the libraries for it are loaded. Wide nodes are folded by the ledger.
"use strict";

(() => {
  const box = document.querySelector("[data-graph]");
  if (!box) return;
  const note = document.querySelector("#graph-note");
  const READABLE = 0.75, FITS = 0.45;
  const opened = [];
  let plot = null;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const loaded = (src) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = resolve;
    script.onerror = () => reject(new Error(src));
    document.head.append(script);
  });
  const SHAPES = { supplier: "round-tag", customer: "round-rectangle", ward: "round-rectangle", production: "hexagon", scrap: "octagon" };
  const label = (node) => (node.folded ? `+ ${node.folded} more` : `${node.place}\n${node.item} ${node.lot_number}`);

  const positions = ({ nodes, edges }) => {
    const graph = new dagre.graphlib.Graph();
    graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 70 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const node of nodes) graph.setNode(node.key, { width: 180, height: 46 });
    for (const edge of edges) graph.setEdge(edge.source, edge.target);
    dagre.layout(graph);
    return (key) => { const { x, y } = graph.node(key); return { x, y }; };
  };

  const style = () => [
    { selector: "node", style: { label: "data(label)", "text-wrap": "wrap", "text-valign": "center", "font-size": 12, "font-family": "system-ui, sans-serif",
      color: colour("--ink"), "background-color": colour("--card"), "border-width": 1, "border-color": colour("--soft"),
      shape: "data(shape)", width: 172, height: 42, "text-max-width": 164 } },
    { selector: "node[?own]", style: { "border-width": 3, "border-color": colour("--brand") } },
    { selector: "node[?folded]", style: { "border-style": "dashed", color: colour("--link"), "border-color": colour("--link") } },
    { selector: "edge", style: { width: 1.5, "line-color": colour("--soft"), "target-arrow-color": colour("--soft"), "target-arrow-shape": "triangle",
      "curve-style": "bezier", label: "data(label)", "font-size": 10, color: colour("--soft"), "text-background-color": colour("--ground"),
      "text-background-opacity": 1, "text-background-padding": 2 } },
    { selector: "edge[kind = 'made_into']", style: { "line-style": "dashed" } },
    { selector: ":selected", style: { "border-width": 3, "border-color": colour("--link") } },
  ];

  const tell = (view) => {
    const shown = view.nodes.filter((node) => !node.folded).length;
    note.textContent = `${shown} of ${view.nodes_in_all} points are drawn. ` +
      (shown < view.nodes_in_all ? "Choose a dashed one to open it. " : "") + "Choose a point to go to its lot.";
  };

  const draw = async () => {
    note.textContent = "Loading the trace …";
    const query = opened.map((key) => `opened=${encodeURIComponent(key)}`).join("&");
    const answer = await fetch(`${box.dataset.graph}?${query}`, { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    const view = await answer.json();
    if (!view.nodes.length) { box.replaceChildren(); note.textContent = "This lot has not moved yet."; return; }
    const at = positions(view);
    const canvas = document.createElement("div");
    canvas.className = "canvas";
    canvas.style.height = `${Math.min(Math.max(view.nodes.length * 3, 14), 44)}rem`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "The trace as a graph; the table below has the same steps.");
    box.replaceChildren(canvas);
    plot?.destroy();
    plot = cytoscape({
      container: canvas, style: style(), autoungrabify: true, minZoom: 0.05, maxZoom: 2.5, boxSelectionEnabled: false,
      layout: { name: "preset" },
      elements: [
        ...view.nodes.map((node) => ({
          data: { id: node.key, label: label(node), shape: SHAPES[node.place_kind] ?? "rectangle", own: node.lot_id === view.lot_id || undefined,
            folded: node.folded, of: node.of, lot: node.lot_id },
          position: at(node.key),
        })),
        ...view.edges.map((edge) => ({ data: { source: edge.source, target: edge.target, kind: edge.kind, label: String(edge.quantity) } })),
      ],
    });
    plot.fit(undefined, 24);
    // As large as can be read: what does not fit is reached by dragging, or by Fit.
    if (plot.zoom() > 1) { plot.zoom(1); plot.center(); }
    else if (plot.zoom() < FITS) { plot.zoom(READABLE); plot.center(plot.nodes("[?own]").first()); }
    plot.on("tap", "node", ({ target }) => {
      if (target.data("folded")) { opened.push(target.data("of")); start(); } else { location.href = `/lots/${target.data("lot")}`; }
    });
    document.querySelector(".graph-tools").hidden = false;
    tell(view);
    box.dataset.drawn = "true";
  };

  const start = () => {
    const libraries = window.cytoscape ? Promise.resolve() : Promise.all(box.dataset.libraries.split(" ").map(loaded));
    libraries.then(draw).catch(() => { note.textContent = "The trace could not be drawn. The table below has the same steps."; });
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-draw]")) { event.preventDefault(); start(); }
    const zoom = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (zoom === "fit") plot?.fit(undefined, 24);
    else if (zoom) plot?.zoom({ level: plot.zoom() * Number(zoom), renderedPosition: { x: plot.width() / 2, y: plot.height() / 2 } });
  });
  if ("now" in box.dataset) start();
})();
