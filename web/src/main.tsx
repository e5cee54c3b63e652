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

const plugins = [explorerPlugin(), HISTORY_PLUGIN];
const firstTabs = exampleOperations.map((query) => ({ query }));

const place = document.getElementById("graphiql");
if (place === null) {
  throw new Error("index.html has no element with the id graphiql; build the page again.");
}

createRoot(place).render(
  <StrictMode>
    {/* No defaultTheme: GraphiQL then follows the system until the reader chooses. */}
    <GraphiQL fetcher={fetcher} plugins={plugins} defaultTabs={firstTabs} defaultQuery={newTabText}>
      <GraphiQL.Logo>GraphCDP</GraphiQL.Logo>
    </GraphiQL>
  </StrictMode>,
);
