package serve

import (
	"time"

	"google.golang.org/grpc/keepalive"
)

// ping is how clients keep their connections alive.
var ping = keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second, PermitWithoutStream: true}

// enforcement permits ping.
var enforcement = keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}

// keepalive returns how a server pings its clients and limits the age of connections.
func (s *Settings) keepalive() keepalive.ServerParameters {
	return keepalive.ServerParameters{
		MaxConnectionAge:      s.MaxConnectionAge,
		MaxConnectionAgeGrace: 2 * time.Minute,
		Time:                  30 * time.Second,
		Timeout:               10 * time.Second,
	}
}
