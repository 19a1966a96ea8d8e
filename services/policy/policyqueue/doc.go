// Package policyqueue is a work queue over NATS JetStream between clients of a
// [policy.Policy] and its workers. A [Client] is a Policy that publishes its requests as
// jobs; each [Worker] pulls jobs and runs them on a Policy of its own.
//
// The life of a job: the client splits a request into jobs of at most protocol.Settings.Cap
// children and publishes them. A worker with free slots pulls a job and claims it; the client's
// reply names the children that are missing. The worker generates them with its Policy, and
// sends each child, when it is finished, as a request on the search's subject. When a reply
// names no child, the worker acknowledges the job, which removes it from the stream. If a
// worker crashes, JetStream delivers the job to another one after AckWait. The client takes
// each child once, from the attempt that sends it first. An attempt that ends early reports the
// tokens that it has wasted, and whether it counts: the client fails a job after MaxAttempts
// attempts in a row that an engine began and that failed. Deliveries are unlimited. A worker pulls
// only while its engine is ready, and returns jobs that the engine refuses. To cancel a job, the client deletes it from the stream and stops
// its attempts.
//
// Searches are spread over partitions, and partitions are assigned to the live workers, so
// that a search stays with the worker that has the search's prefix in its cache. Planners
// create the stream and its consumers ([Maintainer]). Package protocol defines the subjects,
// messages and records.
package policyqueue
