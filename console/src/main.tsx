import { render } from "preact";

import { Live } from "./net/live.ts";
import { App } from "./ui/app.tsx";
import { applyTheme } from "./ui/theme.ts";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/parts.css";

applyTheme();
const live = new Live();
render(<App live={live} />, document.getElementById("app")!);
void live.run();
