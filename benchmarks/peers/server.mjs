// @neo4j/graphql on Apollo Server over the graph of benchmarks/read.py.
//
// Run as `node server.mjs PORT` with BENCH_CONNECTION: a JSON list of uri, user, password and database.
// The types are those that its documentation would lead one to. The events of a customer, which hang on its
// identifiers, can be asked for in two ways: below each identifier, by relationships alone, and as one list, by the
// `@cypher` directive with the statement that the hand-written answer uses too. Their time is text, since its own way
// of writing times needs APOC, which an embedded Neo4j does not have.

import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { Neo4jGraphQL } from "@neo4j/graphql";
import neo4j from "neo4j-driver";

const typeDefs = `#graphql
  type Customer @node {
    id: ID!
    traits: String
    identifiers: [Identifier!]! @relationship(type: "IDENTIFIES", direction: IN)
    segments: [Segment!]! @relationship(type: "IN_SEGMENT", direction: OUT)
    events(first: Int!): [Event!]! @cypher(
      statement: """
      MATCH (this)<-[:IDENTIFIES]-(i:Identifier)
      CALL (i) {
        MATCH (e:Event) WHERE e.subject = i.key AND e.at IS NOT NULL
        RETURN e ORDER BY e.subject DESC, e.at DESC LIMIT $first
      }
      WITH e ORDER BY e.at DESC, e.id DESC LIMIT $first
      RETURN {id: e.id, name: e.name, at: toString(e.at), source: e.source, json: e.json} AS event
      """
      columnName: "event"
    )
  }
  type Identifier @node {
    key: String!
    kind: String!
    value: String!
    customers: [Customer!]! @relationship(type: "IDENTIFIES", direction: OUT)
    events: [IdentifierEvent!]! @relationship(type: "BY", direction: IN)
  }
  type Segment @node {
    key: String!
    name: String!
  }
  type IdentifierEvent @node(labels: ["Event"]) {
    id: ID!
    name: String!
    atText: String!
    source: String!
    json: String!
  }
  type Event {
    id: ID!
    name: String!
    at: String!
    source: String!
    json: String!
  }
`;

const [uri, user, password, database] = JSON.parse(process.env.BENCH_CONNECTION);
const driver = neo4j.driver(uri, neo4j.auth.basic(user, password), { notificationFilter: { disabledCategories: [] } });
const schema = await new Neo4jGraphQL({ typeDefs, driver }).getSchema();
const server = new ApolloServer({ schema, includeStacktraceInErrorResponses: false });
await startStandaloneServer(server, {
  context: async () => ({ sessionConfig: { database } }),
  listen: { host: "127.0.0.1", port: Number(process.argv[2]) },
});
