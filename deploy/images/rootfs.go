package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nonroot is the user and group of every image. Kubernetes can check runAsNonRoot only by a
// number.
const nonroot = 65532

// baseFiles returns the files of every image beside its binary.
func baseFiles() ([]File, error) {
	certificates, err := caCertificates()
	if err != nil {
		return nil, err
	}
	return []File{
		{Path: "etc/ssl/certs/ca-certificates.crt", Mode: 0o644, Content: certificates},
		{Path: "etc/passwd", Mode: 0o644, Content: fmt.Appendf(nil, `root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:%[1]d:%[1]d:nonroot:/home/nonroot:/sbin/nologin
`, nonroot)},
		{Path: "etc/group", Mode: 0o644, Content: fmt.Appendf(nil, "root:x:0:\nnobody:x:65534:\nnonroot:x:%d:\n", nonroot)},
		{Path: "etc/nsswitch.conf", Mode: 0o644, Content: []byte("hosts: files dns\n")},
		{Path: "home/nonroot", Mode: 0o700, Owner: nonroot, Directory: true},
		{Path: "root", Mode: 0o700, Directory: true},
		{Path: "tmp", Mode: 0o1777, Directory: true},
	}, nil
}

// caCertificates returns the roots that Mozilla trusts, as PEM, in the version that go.mod
// pins: those of the build machine would differ from machine to machine. A root that is
// trusted only for older certificates is left out, because PEM cannot state that.
func caCertificates() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("CA certificate: %w", err)
		}
		fmt.Fprintf(&out, "# %s\n", certificate.Subject)
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, fmt.Errorf("CA certificate: %w", err)
		}
	}
	return out.Bytes(), nil
}
