// Package protocol defines what clients and workers of the work queue send each other
// over NATS: the subjects, and the messages on them as Go values.
//
//	client                             JetStream                         worker
//	  Job on exp.MODEL.SEARCH.DEPTH  →  stream EXP, as
//	                                    exp.PARTITION.MODEL.SEARCH.DEPTH  ← pull
//	  notification, if there are several partitions: ring.PARTITION.…    →
//	  Reply                          ←→ Result on res.SEARCH (Claim, Child, Failure: requests)
//	  id of a job, or "" for all, on ctl.cancel.SEARCH                   →
//	                                 ←  Result on res.SEARCH (of a stopped attempt: undelivered
//	                                    Children, then Stopped, as plain messages)
//	                                    the job is removed               ← ack
//
// The first tokens mean: exp, expansion; ring, notification; res, result; ctl, control.
// Bodies are the messages of ponder.queue.v1.
package protocol
