// The snapshot controller: the code of kubernetes-csi/external-snapshotter with its defaults. Its own
// main package links an API server for its handling of signals, which would double the build time.
// This one has no leader election, no metrics and no snapshots of groups.
package main

import (
	"context"
	"flag"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned"
	snapshots "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned/scheme"
	"github.com/kubernetes-csi/external-snapshotter/client/v8/informers/externalversions"
	controller "github.com/kubernetes-csi/external-snapshotter/v8/pkg/common-controller"
	"github.com/kubernetes-csi/external-snapshotter/v8/pkg/metrics"
)

const (
	resync  = 15 * time.Minute
	workers = 10
)

var version = "unknown"

func main() {
	klog.InitFlags(nil)
	kubeconfig := flag.String("kubeconfig", "", "")
	showVersion := flag.Bool("version", false, "")
	flag.Parse()
	if *showVersion {
		fmt.Println(version)
		return
	}
	if err := run(*kubeconfig); err != nil {
		klog.Fatal(err)
	}
}

func run(kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 50, 100
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	client, err := versioned.NewForConfig(config)
	if err != nil {
		return err
	}
	// Events name the kinds of their objects.
	if err := snapshots.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	own := externalversions.NewSharedInformerFactory(client, resync)
	others := informers.NewSharedInformerFactory(core, resync)
	kinds := own.Snapshot().V1()
	retries := func() workqueue.TypedRateLimiter[string] {
		return workqueue.NewTypedItemExponentialFailureRateLimiter[string](time.Second, 5*time.Minute)
	}
	loop := controller.NewCSISnapshotCommonController(
		client, core,
		kinds.VolumeSnapshots(), kinds.VolumeSnapshotContents(), kinds.VolumeSnapshotClasses(),
		nil, nil, nil, // snapshots of groups
		others.Core().V1().PersistentVolumeClaims(), others.Core().V1().PersistentVolumes(),
		nil, // nodes, for drivers that make snapshots on them
		metrics.NewMetricsManager(), resync,
		retries(), retries(), retries(), retries(),
		false, true, false,
	)
	own.Start(ctx.Done())
	others.Start(ctx.Done())
	loop.Run(workers, ctx.Done(), nil)
	return nil
}
