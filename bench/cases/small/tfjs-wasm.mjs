import "@tensorflow/tfjs-backend-wasm";
import { gradientOn } from "./tfjs.mjs";

export const gradient = () => gradientOn("wasm");
