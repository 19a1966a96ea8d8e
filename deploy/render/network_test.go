package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// A connection goes from the pods of one workload to a port of another's.
type connection struct {
	from, to object
	port     string // its name
}

func (c connection) String() string {
	return fmt.Sprintf("%s to port %s of %s", c.from.name(), c.port, c.to.name())
}

// connections returns those that the containers' flags and variables name by Service and
// port, and those between the servers of NATS.
func connections(t *testing.T, objects []object) (all []connection) {
	t.Helper()
	workloads, services := map[string]object{}, map[string]object{}
	for _, o := range objects {
		if o.pod() != nil {
			workloads[o.id()] = o
		}
		if o.kind() == "Service" {
			services[o.name()] = o
		}
	}
	for _, c := range containers(objects) {
		var addresses []string
		for _, arg := range strs(c.at("args")) {
			if flag, value, ok := strings.Cut(arg, "="); ok && (strings.HasSuffix(flag, "-addr") || strings.HasSuffix(flag, "-url")) {
				addresses = append(addresses, value)
			}
		}
		for _, variable := range objectsOf(c.at("env")) {
			if strings.HasSuffix(variable.str("name"), "_ENDPOINT") {
				addresses = append(addresses, variable.str("value"))
			}
		}
		for _, address := range addresses {
			if !strings.Contains(address, "://") {
				address = "grpc://" + address
			}
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			service := services[u.Hostname()]
			if service == nil { // not in this release
				if strings.Contains(u.Hostname(), "ponder-") {
					t.Errorf("%s connects to %s, which is not a Service", c.workload, address)
				}
				continue
			}
			for _, p := range objectsOf(service.at("spec", "ports")) {
				if fmt.Sprint(p.at("port")) != u.Port() {
					continue
				}
				for _, to := range podsOf(objects, service.at("spec", "selector")) {
					all = append(all, connection{workloads[c.workload], to, p.str("targetPort")})
				}
			}
		}
	}
	return all
}

// allowed reports whether the NetworkPolicies among objects allow a connection, by the rules
// of egress of its source and those of ingress of its destination.
func allowed(objects []object, c connection) bool {
	return allows(objects, c.from, "egress", "to", c.to, c) && allows(objects, c.to, "ingress", "from", c.from, c)
}

// allows reports whether a rule of a policy of the pods of subject allows a connection with
// the pods of peer. In a direction without any policy all is allowed.
func allows(objects []object, subject object, direction, key string, peer object, c connection) bool {
	isolated := false
	for _, o := range objects {
		if o.kind() != "NetworkPolicy" ||
			!selects(o.at("spec", "podSelector", "matchLabels"), subject.pod().at("metadata", "labels")) {
			continue
		}
		for _, policyType := range strs(o.at("spec", "policyTypes")) {
			isolated = isolated || strings.EqualFold(policyType, direction)
		}
		for _, rule := range objectsOf(o.at("spec", direction)) {
			if rulePeer(rule, key, peer) && rulePort(rule, c) {
				return true
			}
		}
	}
	return !isolated
}

func rulePeer(rule object, key string, peer object) bool {
	peers := objectsOf(rule.at(key))
	for _, p := range peers {
		if p.at("namespaceSelector") == nil && p.at("ipBlock") == nil &&
			selects(p.at("podSelector", "matchLabels"), peer.pod().at("metadata", "labels")) {
			return true
		}
	}
	return len(peers) == 0
}

func rulePort(rule object, c connection) bool {
	for _, p := range objectsOf(rule.at("ports")) {
		if p.at("port") == c.port || p.at("port") == ports(c.to)[c.port] {
			return true
		}
	}
	return false
}

func TestNetworkPoliciesAllowWhatFlagsName(t *testing.T) {
	eachVariant(t, func(t *testing.T, objects []object) {
		needed := map[string]bool{}
		for _, c := range connections(t, objects) {
			needed[c.String()] = true
			if !allowed(objects, c) {
				t.Errorf("%v is not allowed", c)
			}
		}
		for _, from := range objects {
			for _, to := range objects {
				if from.pod() == nil || to.pod() == nil {
					continue
				}
				for port := range ports(to) {
					c := connection{from, to, port}
					servers := from.component() == "nats" && to.component() == "nats" && port == "cluster"
					if allowed(objects, c) && !needed[c.String()] && !servers {
						t.Errorf("%v is allowed, but no flag names it", c)
					}
				}
			}
		}
		if len(needed) == 0 && len(objects) > 25 {
			t.Error("no connection found")
		}
	})
}

func TestPortsOfNetworkPoliciesExist(t *testing.T) {
	eachVariant(t, func(t *testing.T, objects []object) {
		for _, o := range objects {
			if o.kind() != "NetworkPolicy" {
				continue
			}
			subjects := podsOf(objects, o.at("spec", "podSelector", "matchLabels"))
			for _, direction := range []string{"ingress", "egress"} {
				for _, rule := range objectsOf(o.at("spec", direction)) {
					pods := subjects
					if direction == "egress" {
						pods = nil
						for _, peer := range objectsOf(rule.at("to")) {
							pods = append(pods, podsOf(objects, peer.at("podSelector", "matchLabels"))...)
						}
					}
					for _, p := range objectsOf(rule.at("ports")) {
						name, named := p.at("port").(string)
						found := !named
						for _, pod := range pods {
							found = found || ports(pod)[name] != nil
						}
						if !found {
							t.Errorf("%s, %s: no pod of the rule has a port %s", o.id(), direction, name)
						}
					}
				}
			}
		}
	})
}
