package mux

import "context"

// A Stream is the client's half of a gRPC stream.
type Stream[Req, Res any] interface {
	Send(Req) error
	Recv() (Res, error)
	CloseSend() error
}

// A ServerStream is the server's half of a gRPC stream.
type ServerStream[Req, Res any] interface {
	Context() context.Context
	Send(Res) error
	Recv() (Req, error)
}
