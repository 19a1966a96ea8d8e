package serve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // clients leave out servers that are not ready
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// clientConfig spreads requests over all ready servers of a name.
const clientConfig = `{"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}}`

// Dial is a connection to a service, without TLS: what lies between is the mesh's
// own network. It connects when it is first used, and again when it breaks. Later
// options win.
func Dial(addr string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(addr, append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(clientConfig),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return conn, nil
}

// Answers is the Check that the service at the other end of conn is ready; what it
// misses itself is part of the reason.
func Answers(service string, conn *grpc.ClientConn) Check {
	return Check{Name: service + " at " + strings.TrimPrefix(conn.Target(), "dns:///"), Do: func(ctx context.Context) error {
		var trailer metadata.MD
		answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: Readiness}, grpc.Trailer(&trailer))
		switch {
		case err != nil:
			return errors.New(status.Convert(err).Message())
		case answer.GetStatus() != healthpb.HealthCheckResponse_SERVING:
			return fmt.Errorf("not ready: %s", strings.Join(Missing(trailer), "; "))
		}
		return nil
	}}
}
