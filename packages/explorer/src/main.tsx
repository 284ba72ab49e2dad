import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./house/tokens.css";
import "./house/base.css";
import "./house/header.css";
import "./house/house.css";
import "./parts/parts.css";
import { render } from "preact";
import { House } from "./house/House.tsx";

render(<House />, document.getElementById("house")!);
