// How customers behave, as vectors: who is near behaves alike.
//
// A customer's vector and facts are properties of Customer, so that they go with it
// when it is merged away or erased. The model, one node, tells what the facts are.

CREATE CONSTRAINT behaviour_model_name IF NOT EXISTS FOR (m:BehaviourModel) REQUIRE m.name IS UNIQUE;
CREATE VECTOR INDEX customer_behaviour IF NOT EXISTS FOR (c:Customer) ON (c.behaviour)
OPTIONS {indexConfig: {`vector.dimensions`: 128, `vector.similarity_function`: 'cosine'}};
