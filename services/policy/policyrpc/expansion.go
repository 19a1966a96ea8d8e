package policyrpc

import (
	"fmt"

	"github.com/ponder-mesh/ponder/internal/mux"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// An expansion is the client's state of one request.
type expansion struct {
	request policy.Request
	missing map[int]bool   // ordinals of the children that have not come
	wasted  reasoning.Cost // that is in no child which was yielded
}

func newExpansion(r policy.Request) *expansion {
	x := &expansion{request: r, missing: make(map[int]bool, len(r.Ordinals))}
	for _, o := range r.Ordinals {
		x.missing[o] = true
	}
	return x
}

// read returns the child that a response carries, or a child without steps if the response
// carries another event.
func (x *expansion) read(response *policyv1.ExpandResponse) (policy.Child, error) {
	switch event := response.GetEvent().(type) {
	case *policyv1.ExpandResponse_Started:
		start, err := policywire.StartFromProto(event.Started)
		if err == nil && x.request.OnStart != nil {
			x.request.OnStart(start)
		}
		return policy.Child{}, err
	case *policyv1.ExpandResponse_Child:
		child, err := policywire.ChildFromProto(event.Child)
		if err == nil && !x.missing[child.Ordinal] {
			err = fmt.Errorf("%w: child %d is repeated or was not requested", wire.ErrMalformed, child.Ordinal)
		}
		if err == nil {
			child, err = x.request.Check(child)
		}
		if err != nil {
			x.wasted = x.wasted.Add(x.request.Refused(child))
		}
		delete(x.missing, child.Ordinal)
		return child, err
	case *policyv1.ExpandResponse_Done:
		if len(x.missing) > 0 {
			return policy.Child{}, fmt.Errorf("%w: done, but %d children are missing", wire.ErrMalformed, len(x.missing))
		}
		wasted, err := policywire.DoneFromProto(event.Done)
		if err == nil {
			err = x.request.CheckWaste(wasted)
		}
		if err == nil {
			x.wasted = x.wasted.Add(wasted)
		}
		return policy.Child{}, err
	case *policyv1.ExpandResponse_Error:
		err := rpcerr.FromProto(event.Error)
		if x.request.CheckWaste(reasoning.CostOf(err)) == nil { // the error counts more than its cost
			x.wasted = x.wasted.Add(reasoning.CostOf(err))
		}
		return policy.Child{}, err
	}
	return policy.Child{}, fmt.Errorf("%w: unknown event %T", wire.ErrMalformed, response.GetEvent())
}

// breakOff returns the error of a request without a last response. What the missing children
// have cost is unknown, unless the server cannot have received the request.
func (x *expansion) breakOff(broken error) error {
	if !mux.Unsent(broken) {
		x.wasted = x.wasted.Add(x.request.Unreported(len(x.missing)))
	}
	return rpcerr.FromStatus(broken)
}
