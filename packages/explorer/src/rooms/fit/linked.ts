import { signal } from "@preact/signals";

/** A node of the network: an input (layer 0), a hidden unit, or a class (the last layer). */
export interface Node {
  readonly layer: number;
  readonly index: number;
}

/** The node under the pointer or with the focus. The diagram and the table of weights highlight the weights of this node. */
export const linked = signal<Node | undefined>(undefined);
