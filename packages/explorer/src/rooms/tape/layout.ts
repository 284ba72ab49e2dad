import { Graph, layout } from "@dagrejs/dagre";
import type { Timeline } from "./timeline.ts";

export interface Node {
  readonly id: string;
  readonly tensor: number;
  readonly place: number | undefined;
  readonly title: string;
  readonly detail: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * An edge of the graph from the tensor `from` to the tensor `to`. The step that computes `to` has the tensor `from` as
 * its input number `input`.
 */
export interface Edge {
  readonly input: number;
  readonly from: number;
  readonly to: number;
  readonly path: string;
}

export interface Drawing {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

const letter = 7.4; // the width of a letter of the code font in pixels

/** Lays out a graph from top to bottom. The graph contains the steps from index `from` to `to`, and their tensors. */
export function drawingOf(of: Timeline, from: number, to: number): Drawing {
  const { steps, tensors, inputs, constants } = of.recording;
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 18, ranksep: 26, marginx: 12, marginy: 12 });
  const isPart = to - from < steps.length;
  const nodes = new Map<string, Omit<Node, "x" | "y">>();
  const add = (tensor: number, id: string): string => {
    if (nodes.has(id)) return id;
    const { name, shape } = tensors[tensor]!;
    const place = of.maker(tensor);
    const times = place === undefined ? undefined : steps[place]!.body?.times;
    const title =
      place === undefined
        ? name
        : `#${place + 1} ${steps[place]!.op}${times !== undefined && times !== 1 ? ` ${times} ×` : ""}`;
    const isNumber = place === undefined && constants.includes(tensor) && shape.length === 0;
    const detail = isNumber ? "" : shape.length === 0 ? "scalar" : shape.join(" × ");
    const width = Math.max(title.length, detail.length * 0.9, 4) * letter + 22;
    const height = detail ? 40 : 26;
    nodes.set(id, { id, tensor, title, detail, place, width, height });
    graph.setNode(id, { width, height });
    return id;
  };
  for (const input of isPart ? [] : inputs) add(input, `${input}`);
  for (let place = from; place < to; place++) {
    const { inputs: used, output } = steps[place]!;
    // A tensor that none of the drawn steps computes gets a separate node for each use. A single node for such a tensor
    // would have edges from all over the graph.
    const isInside = (tensor: number) => !isPart || (of.maker(tensor) ?? -1) >= from;
    const sources = used.map((tensor) => add(tensor, isInside(tensor) ? `${tensor}` : `${tensor} for ${output}`));
    const target = add(output, `${output}`);
    for (const [k, source] of sources.entries()) graph.setEdge(source, target, {}, `${k}`); // mul(x, x) has two edges
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    nodes: [...nodes.values()].map((node) => {
      const { x, y } = graph.node(node.id) as { x: number; y: number };
      return { ...node, x, y };
    }),
    edges: graph.edges().map((edge: { v: string; w: string; name?: string }) => {
      const { points } = graph.edge(edge) as { points: { x: number; y: number }[] };
      const [from, to] = [nodes.get(edge.v)!.tensor, nodes.get(edge.w)!.tensor];
      return { input: Number(edge.name), from, to, path: smooth(points) };
    }),
    width,
    height,
  };
}

/** Returns the SVG path of a smooth curve through points: the same curve as d3's curveBasis. */
function smooth(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (!first || !last) return "";
  let path = `M${first.x} ${first.y}`;
  let before = first;
  for (const point of rest) {
    const middle = { x: (before.x + point.x) / 2, y: (before.y + point.y) / 2 };
    path += before === first ? `L${middle.x} ${middle.y}` : `Q${before.x} ${before.y} ${middle.x} ${middle.y}`;
    before = point;
  }
  return before === first ? `${path}L${last.x} ${last.y}` : `${path}Q${before.x} ${before.y} ${last.x} ${last.y}`;
}
