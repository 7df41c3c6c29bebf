package main

import (
	"context"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubernetes "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	config "github.com/cert-manager/cert-manager/internal/apis/config/cainjector"
	configscheme "github.com/cert-manager/cert-manager/internal/apis/config/cainjector/scheme"
	"github.com/cert-manager/cert-manager/pkg/apis/config/cainjector/v1alpha1"
	certmanager "github.com/cert-manager/cert-manager/pkg/client/clientset/versioned/scheme"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	"github.com/cert-manager/cert-manager/pkg/util"
)

func runCAInjector(flags *pflag.FlagSet) (func(context.Context) error, error) {
	config := &config.CAInjectorConfiguration{}
	scheme, _, err := configscheme.NewSchemeAndCodecs()
	if err == nil {
		err = setDefaults(scheme, &v1alpha1.CAInjectorConfiguration{}, config)
	}
	flags.StringVar(&config.KubeConfig, "kubeconfig", config.KubeConfig, "")
	flags.StringVar(&config.MetricsListenAddress, "metrics-listen-address", config.MetricsListenAddress, "")
	addShared(flags, &config.LeaderElectionConfig, &config.FeatureGates, &config.Logging)
	return func(ctx context.Context) error {
		if err := apply(config.FeatureGates, &config.Logging); err != nil {
			return err
		}
		rest, err := clientcmd.BuildConfigFromFlags("", config.KubeConfig)
		if err != nil {
			return err
		}
		scheme := runtime.NewScheme()
		for _, add := range []func(*runtime.Scheme) error{
			kubernetes.AddToScheme, certmanager.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme,
		} {
			if err := add(scheme); err != nil {
				return err
			}
		}
		election := config.LeaderElectionConfig
		manager, err := ctrl.NewManager(util.RestConfigWithUserAgent(rest, "cainjector"), ctrl.Options{
			Scheme: scheme,
			Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},

			LeaderElection:                election.Enabled,
			LeaderElectionNamespace:       election.Namespace,
			LeaderElectionID:              "cert-manager-cainjector-leader-election",
			LeaderElectionReleaseOnCancel: true,
			LeaderElectionResourceLock:    resourcelock.LeasesResourceLock,
			LeaseDuration:                 &election.LeaseDuration,
			RenewDeadline:                 &election.RenewDeadline,
			RetryPeriod:                   &election.RetryPeriod,
			Metrics:                       metrics.Options{BindAddress: config.MetricsListenAddress},
		})
		if err != nil {
			return err
		}
		err = cainjector.RegisterAllInjectors(ctx, manager, cainjector.SetupOptions{
			EnableCertificatesDataSource: config.EnableDataSourceConfig.Certificates,
			EnabledReconcilersFor: map[string]bool{
				cainjector.MutatingWebhookConfigurationName:   true,
				cainjector.ValidatingWebhookConfigurationName: true,
				cainjector.APIServiceName:                     true,
				cainjector.CustomResourceDefinitionName:       true,
			},
		})
		if err != nil {
			return err
		}
		return manager.Start(ctx)
	}, err
}
