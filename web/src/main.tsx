import "./workers";
import "graphiql/graphiql.css";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "./page.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { exampleOperations, newTabText } from "./examples";
import { fetcher } from "./fetcher";

const explorer = explorerPlugin();
const plugins = [explorer, HISTORY_PLUGIN];
const firstTabs = exampleOperations.map((query) => ({ query }));

/** A newcomer sees what can be asked; later it is open or closed as it was left. */
const shownFirst = isFirstVisit() ? { visiblePlugin: explorer } : {};

function isFirstVisit(): boolean {
  try {
    return window.localStorage.getItem("graphiql:tabState") === null;
  } catch {
    return true; // nothing is kept in this browser
  }
}

const place = document.getElementById("graphiql");
if (place === null) {
  throw new Error("index.html has no element with the id graphiql; build the page again.");
}

createRoot(place).render(
  <StrictMode>
    {/* No defaultTheme: GraphiQL then follows the system until the reader chooses. */}
    <GraphiQL fetcher={fetcher} plugins={plugins} defaultTabs={firstTabs} defaultQuery={newTabText} {...shownFirst}>
      <GraphiQL.Logo>GraphCDP</GraphiQL.Logo>
    </GraphiQL>
  </StrictMode>,
);
