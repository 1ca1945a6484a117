// Draws a trace when somebody asks for it: only then the libraries for it are loaded. Wide nodes are folded by the ledger.
"use strict";

(() => {
  const box = document.querySelector("[data-graph]");
  if (!box) return;
  const note = document.querySelector("#graph-note");
  // Texts of a node have 13 px at a zoom of 1: smaller than at READABLE nobody reads them on a phone.
  const READABLE = 0.9, ROOM = 24, NARROW = 600, HEIGHT_MIN = 224, HEIGHT_MAX = 704;
  const WIDTH = 172, HEIGHT = 42, TRUNK = WIDTH / 2 - 12;
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

  // From left to right, and edges turn at right angles.
  const across = ({ nodes, edges }) => {
    const graph = new dagre.graphlib.Graph();
    graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 70 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const node of nodes) graph.setNode(node.key, { width: WIDTH + 8, height: HEIGHT + 4 });
    for (const edge of edges) graph.setEdge(edge.source, edge.target);
    dagre.layout(graph);
    return {
      height: graph.graph().height, at: (key) => { const { x, y } = graph.node(key); return { x, y }; }, corner: () => ({}),
      edge: { "curve-style": "taxi", "taxi-direction": "horizontal", "taxi-turn": "40%" },
    };
  };

  // On a phone from top to bottom, one below the other: what came of a point stands under it, further in.
  const down = ({ nodes, edges }) => {
    const after = new Map(nodes.map((node) => [node.key, []])), reached = new Set(edges.map((edge) => edge.target)), places = new Map();
    for (const { source, target } of edges) after.get(source).push(target);
    const visit = (key, depth) => {
      if (places.has(key)) return;
      places.set(key, { depth, row: places.size });
      for (const target of after.get(key)) visit(target, depth + 1);
    };
    for (const { key } of nodes) if (!reached.has(key)) visit(key, 0);
    for (const { key } of nodes) visit(key, 0);  // of a circle
    const deepest = Math.max(...[...places.values()].map(({ depth }) => depth), 1);
    const step = Math.min(40, Math.max((box.clientWidth - 2 * ROOM - WIDTH) / deepest, 14));
    const at = (key) => { const { depth, row } = places.get(key); return { x: depth * step, y: row * (HEIGHT + 22) }; };
    const corner = ({ source, target }) => {
      const from = at(source), to = at(target), dx = to.x - from.x + TRUNK - WIDTH / 2, dy = to.y - from.y - HEIGHT / 2;
      const length = Math.hypot(dx, dy);
      return { weight: (dy / length) ** 2, distance: dx * dy / length };
    };
    return {
      height: places.size * (HEIGHT + 22) - 22, at, corner,
      edge: { "curve-style": "segments", "edge-distances": "endpoints", "segment-weights": "data(weight)", "segment-distances": "data(distance)",
        "source-endpoint": `${-TRUNK}px ${HEIGHT / 2}px`, "target-endpoint": `${-WIDTH / 2}px 0px` },
    };
  };

  // What fits is in the middle; else the lot that was asked for, with nothing empty beyond the ends.
  const panned = (size, from, to, wanted, zoom) => (to - from) * zoom + 2 * ROOM <= size
    ? size / 2 - (from + to) / 2 * zoom
    : Math.min(Math.max(size / 2 - wanted * zoom, size - ROOM - to * zoom), ROOM - from * zoom);

  const style = (edge) => [
    { selector: "node", style: { label: "data(label)", "text-wrap": "wrap", "text-valign": "center", "font-size": 13, "font-family": "system-ui, sans-serif",
      color: colour("--ink"), "background-color": colour("--card"), "border-width": 1, "border-color": colour("--soft"),
      shape: "data(shape)", width: WIDTH, height: HEIGHT, "text-max-width": WIDTH - 8 } },
    { selector: "node[?own]", style: { "border-width": 3, "border-color": colour("--brand") } },
    { selector: "node[?folded]", style: { "border-style": "dashed", color: colour("--link"), "border-color": colour("--link") } },
    { selector: "edge", style: { width: 1.5, "line-color": colour("--soft"), "target-arrow-color": colour("--soft"), "target-arrow-shape": "triangle",
      ...edge,
      "target-label": "data(label)", "target-text-offset": 20, "font-size": 12, color: colour("--soft"), "text-background-color": colour("--ground"),
      "text-background-opacity": 1, "text-background-padding": 2 } },
    { selector: "edge[kind = 'made_into']", style: { "line-style": "dashed" } },
    { selector: ":selected", style: { "border-width": 3, "border-color": colour("--link") } },
  ];

  const tell = (view, isCut) => {
    const shown = view.nodes.filter((node) => !node.folded).length;
    note.textContent = `${shown} of ${view.nodes_in_all} points are drawn. ` +
      (shown < view.nodes_in_all ? "Choose a dashed one to open it. " : "") + "Choose a point to go to its lot." + (isCut ? " Drag to see more." : "");
  };

  const draw = async () => {
    note.textContent = "Loading the trace …";
    const query = opened.map((key) => `opened=${encodeURIComponent(key)}`).join("&");
    const answer = await fetch(`${box.dataset.graph}?${query}`, { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    const view = await answer.json();
    if (!view.nodes.length) { box.replaceChildren(); note.textContent = "This lot has not moved yet."; return; }
    const { at, corner, height, edge: drawn } = (box.clientWidth < NARROW ? down : across)(view);
    const canvas = document.createElement("div");
    canvas.className = "canvas";
    canvas.style.height = `${Math.min(Math.max(height + 2 * ROOM, HEIGHT_MIN), HEIGHT_MAX)}px`;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "The trace as a graph; the table below has the same steps.");
    box.replaceChildren(canvas);
    plot?.destroy();
    plot = cytoscape({
      container: canvas, style: style(drawn), autoungrabify: true, minZoom: 0.05, maxZoom: 2.5, boxSelectionEnabled: false,
      layout: { name: "preset" },
      elements: [
        ...view.nodes.map((node) => ({
          data: { id: node.key, label: label(node), shape: SHAPES[node.place_kind] ?? "rectangle", own: node.lot_id === view.lot_id || undefined,
            folded: node.folded, of: node.of, lot: node.lot_id },
          position: at(node.key),
        })),
        // The longest line of a point is drawn first: it runs under the numbers of the others.
        ...view.edges.toReversed().map((edge) => ({ data: { source: edge.source, target: edge.target, kind: edge.kind, label: String(edge.quantity), ...corner(edge) } })),
      ],
    });
    plot.fit(undefined, ROOM);
    const isCut = plot.zoom() < READABLE;
    // As large as can be read, around the lot that was asked for: the rest is reached by dragging, or by "All of it".
    if (plot.zoom() > 1) { plot.zoom(1); plot.center(); }
    else if (isCut) {
      const { x1, x2, y1, y2 } = plot.elements().boundingBox(), own = plot.nodes("[?own]").first().position();
      plot.viewport({ zoom: READABLE, pan: {
        x: panned(plot.width(), x1, x2, own.x, READABLE), y: panned(plot.height(), y1, y2, own.y, READABLE),
      } });
    }
    plot.on("tap", "node", ({ target }) => {
      if (target.data("folded")) { opened.push(target.data("of")); start(); } else { location.href = `/lots/${target.data("lot")}`; }
    });
    document.querySelector(".graph-tools").hidden = false;
    tell(view, isCut);
    box.dataset.drawn = "true";
  };

  const start = () => {
    const libraries = window.cytoscape ? Promise.resolve() : Promise.all(box.dataset.libraries.split(" ").map(loaded));
    libraries.then(draw).catch(() => { note.textContent = "The trace could not be drawn. The table below has the same steps."; });
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-draw]")) { event.preventDefault(); start(); }
    const zoom = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (zoom === "fit") plot?.fit(undefined, ROOM);
    else if (zoom) plot?.zoom({ level: plot.zoom() * Number(zoom), renderedPosition: { x: plot.width() / 2, y: plot.height() / 2 } });
  });
  if ("now" in box.dataset) start();
})();
