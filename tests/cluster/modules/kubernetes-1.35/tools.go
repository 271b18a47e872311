//go:build tools

// Package tools names the commands that tools.sh builds, so that go mod tidy keeps what they need.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
