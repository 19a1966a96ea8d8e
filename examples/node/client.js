// Solves problems with Ponder, follows searches and cancels them. It reads the contract from its .proto files.
//
//   npm install
//   node client.js solve "Tom has 3 apples. Tom finds 4 more. How many apples does Tom have now?"
//   node client.js watch SEARCH
//   node client.js cancel SEARCH
//
// PONDER_ADDR is the planner's address, 127.0.0.1:7700 by default.
import path from "node:path";
import { promisify } from "node:util";
import { setTimeout } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const protos = path.join(import.meta.dirname, "../../proto");
const options = { includeDirs: [protos], longs: String, enums: String, oneofs: true, keepCase: true };
const { ponder } = grpc.loadPackageDefinition(loader.loadSync("ponder/planner/v1/planner.proto", options));
const addr = process.env.PONDER_ADDR ?? "127.0.0.1:7700";
const planner = new ponder.planner.v1.PlannerService(addr, grpc.credentials.createInsecure());
const call = (method) => promisify(planner[method]).bind(planner);

// watch follows a search to its end. If the stream breaks, it resumes after the last event.
async function watch(search_id) {
  for (let after_sequence = "0"; ; await setTimeout(1000)) {
    try {
      for await (const { event } of planner.WatchSearch({ search_id, after_sequence })) {
        after_sequence = event.sequence;
        console.error(`${event.state}: ${event.nodes?.length ?? 0} nodes changed`);
        if (event.outcome) return console.log(event.outcome.answer);
      }
    } catch (error) {
      if (error.code !== grpc.status.UNAVAILABLE) throw error;
    }
  }
}

const [command, argument] = process.argv.slice(2);
if (command === "solve") {
  const { search } = await call("CreateSearch")({ spec: { problem: argument, effort: "EFFORT_HIGH" } });
  console.error("search", search.search_id);
  await watch(search.search_id);
} else if (command === "watch") {
  await watch(argument);
} else if (command === "cancel") {
  await call("CancelSearch")({ search_id: argument });
} else {
  console.error("usage: node client.js solve PROBLEM | watch SEARCH | cancel SEARCH");
  process.exitCode = 2;
}
planner.close();
