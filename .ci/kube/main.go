// The control plane of a cluster without nodes, for tests: `kube etcd DIR CLIENT-URL PEER-URL`, `kube apiserver FLAGS…`,
// `kube controllers FLAGS…`, `kube kubectl ARGS…`. One binary, since the parts have nearly all of their code in common;
// one process for each, since each has flags and feature gates of the whole process.
package main

import (
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	if len(os.Args) < 2 {
		fail("expected etcd, apiserver, controllers or kubectl")
	}
	part, args := os.Args[1], os.Args[2:]
	os.Args = append([]string{"kube-" + part}, args...)
	switch part {
	case "etcd":
		etcd(args)
	case "apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "controllers":
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	case "kubectl":
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			os.Exit(1)
		}
	default:
		fail("no such part: " + part)
	}
}

// Until SIGTERM; nothing of it outlives the test, so nothing is synced to the disk.
func etcd(args []string) {
	if len(args) != 3 {
		fail("etcd: expected DIR CLIENT-URL PEER-URL")
	}
	config := embed.NewConfig()
	config.Dir, config.LogLevel, config.UnsafeNoFsync = args[0], "warn", true
	clients, peers := urls(args[1]), urls(args[2])
	config.ListenClientUrls, config.AdvertiseClientUrls = clients, clients
	config.ListenPeerUrls, config.AdvertisePeerUrls = peers, peers
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	server, err := embed.StartEtcd(config)
	if err != nil {
		fail(err.Error())
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-told:
		server.Close()
	case err := <-server.Err():
		fail(err.Error())
	}
}

func urls(text string) []url.URL {
	parsed, err := url.Parse(text)
	if err != nil {
		fail(err.Error())
	}
	return []url.URL{*parsed}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "kube:", message)
	os.Exit(2)
}
