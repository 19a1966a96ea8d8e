package serve

import (
	"context"
	"errors"
	"testing"

	verifierv1 "github.com/ponder-mesh/ponder/proto/ponder/verifier/v1"
)

func TestTenancyFillsRequests(t *testing.T) {
	request := &verifierv1.Path{Tenant: "bob"}
	if err := Tenancy(OpenTenancy).fill(t.Context(), request); err != nil || request.Tenant != "bob" {
		t.Errorf("OpenTenancy: got tenant %q and error %v, want bob", request.Tenant, err)
	}
	path := &verifierv1.Path{}
	wrapped := &verifierv1.ScoreRequest{Action: &verifierv1.ScoreRequest_Path{Path: path}}
	if err := Tenancy(OpenTenancy).fill(t.Context(), wrapped); err != nil || path.Tenant != DefaultTenant {
		t.Errorf("OpenTenancy without a tenant: got %q and error %v, want %q", path.Tenant, err, DefaultTenant)
	}
	if err := Tenancy(OpenTenancy).fill(t.Context(), &verifierv1.GetModelRequest{}); err != nil {
		t.Errorf("a request without a tenant: %v", err)
	}
	refused := errors.New("refused")
	refuse := Tenancy(func(context.Context, string) (string, error) { return "alice", refused })
	if err := refuse.fill(t.Context(), request); !errors.Is(err, refused) || request.Tenant != "bob" {
		t.Errorf("refused: got tenant %q and error %v, want neither changed", request.Tenant, err)
	}
}
