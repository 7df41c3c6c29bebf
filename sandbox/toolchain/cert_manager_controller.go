package main

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	cliflag "k8s.io/component-base/cli/flag"

	controllerconfig "github.com/cert-manager/cert-manager/internal/apis/config/controller"
	configscheme "github.com/cert-manager/cert-manager/internal/apis/config/controller/scheme"
	defaults "github.com/cert-manager/cert-manager/internal/apis/config/controller/v1alpha1"
	"github.com/cert-manager/cert-manager/pkg/apis/config/controller/v1alpha1"
	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	dns "github.com/cert-manager/cert-manager/pkg/issuer/acme/dns/util"

	// These register themselves as kinds of issuers.
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/vault"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/venafi"
)

func runController(flags *pflag.FlagSet) (func(context.Context) error, error) {
	config := &controllerconfig.ControllerConfiguration{}
	scheme, _, err := configscheme.NewSchemeAndCodecs()
	if err == nil {
		err = setDefaults(scheme, &v1alpha1.ControllerConfiguration{}, config)
	}
	http01, dns01, ingresses := &config.ACMEHTTP01Config, &config.ACMEDNS01Config, &config.IngressShimConfig
	for name, value := range map[string]*string{
		"kubeconfig":                            &config.KubeConfig,
		"cluster-resource-namespace":            &config.ClusterResourceNamespace,
		"acme-http01-solver-image":              &http01.SolverImage,
		"acme-http01-solver-runtime-class-name": &http01.SolverRuntimeClassName,
		"default-issuer-name":                   &ingresses.DefaultIssuerName,
		"default-issuer-kind":                   &ingresses.DefaultIssuerKind,
		"default-issuer-group":                  &ingresses.DefaultIssuerGroup,
		"internal-healthz-listen-address":       &config.HealthzListenAddress,
	} {
		flags.StringVar(value, name, *value, "")
	}
	for name, value := range map[string]*[]string{
		"controllers":                    &config.Controllers,
		"acme-http01-solver-nameservers": &http01.SolverNameservers,
		"dns01-recursive-nameservers":    &dns01.RecursiveNameservers,
	} {
		flags.StringSliceVar(value, name, *value, "")
	}
	flags.Var(cliflag.NewMapStringString(&http01.SolverExtraLabels), "acme-http01-solver-extra-labels", "")
	flags.BoolVar(&config.EnableCertificateOwnerRef, "enable-certificate-owner-ref", config.EnableCertificateOwnerRef, "")
	flags.BoolVar(&dns01.RecursiveNameserversOnly, "dns01-recursive-nameservers-only", dns01.RecursiveNameserversOnly, "")
	flags.DurationVar(&dns01.CheckRetryPeriod, "dns01-check-retry-period", dns01.CheckRetryPeriod, "")
	flags.IntVar(&config.MaxConcurrentChallenges, "max-concurrent-challenges", config.MaxConcurrentChallenges, "")
	addShared(flags, &config.LeaderElectionConfig.LeaderElectionConfig, &config.FeatureGates, &config.Logging)
	return func(ctx context.Context) error {
		if err := apply(config.FeatureGates, &config.Logging); err != nil {
			return err
		}
		return control(ctx, config)
	}, err
}

func control(ctx context.Context, config *controllerconfig.ControllerConfiguration) error {
	options, err := contextOptions(config)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	factory, err := controller.NewContextFactory(ctx, options)
	if err != nil {
		return err
	}
	base, err := factory.Build()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", config.HealthzListenAddress)
	if err != nil {
		return err
	}
	health := healthz.NewServer(config.LeaderElectionConfig.HealthzTimeout)
	group.Go(func() error { return health.Start(ctx, listener) })
	group.Go(func() error {
		return elect(ctx, config, factory, health.LeaderHealthzAdaptor, func() error {
			for name, create := range controller.Known() {
				if !enabled(config, name) {
					continue
				}
				found, err := create(factory)
				if err != nil {
					return err
				}
				group.Go(func() error { return found.Run(config.NumberOfConcurrentWorkers, ctx) })
			}
			base.SharedInformerFactory.Start(ctx.Done())
			base.KubeSharedInformerFactory.Start(ctx.Done())
			base.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
			return nil
		})
	})
	return group.Wait()
}

// elect waits until this process is the leader, calls lead and returns when it no longer leads.
func elect(
	ctx context.Context, config *controllerconfig.ControllerConfiguration, factory *controller.ContextFactory,
	watchDog *leaderelection.HealthzAdaptor, lead func() error,
) error {
	election := config.LeaderElectionConfig
	if !election.Enabled {
		return lead()
	}
	elected, err := factory.Build("leader-election")
	if err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	lock, err := resourcelock.New(
		resourcelock.LeasesResourceLock, election.Namespace, "cert-manager-controller",
		elected.Client.CoreV1(), elected.Client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: name, EventRecorder: elected.Recorder},
	)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   election.LeaseDuration,
		RenewDeadline:   election.RenewDeadline,
		RetryPeriod:     election.RetryPeriod,
		ReleaseOnCancel: true,
		WatchDog:        watchDog,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {
				if err := lead(); err != nil {
					cancel(err)
				}
			},
			OnStoppedLeading: func() { cancel(errors.New("no longer the leader")) },
		},
	})
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func enabled(config *controllerconfig.ControllerConfiguration, name string) bool {
	asked := config.Controllers
	if slices.Contains(asked, "-"+name) {
		return false
	}
	all := !slices.ContainsFunc(asked, func(word string) bool { return !strings.HasPrefix(word, "-") })
	return slices.Contains(asked, name) ||
		(all || slices.Contains(asked, "*")) && slices.Contains(defaults.DefaultEnabledControllers, name)
}

func contextOptions(config *controllerconfig.ControllerConfiguration) (controller.ContextOptions, error) {
	http01, dns01, ingresses := config.ACMEHTTP01Config, config.ACMEDNS01Config, config.IngressShimConfig
	nameservers := dns01.RecursiveNameservers
	if len(nameservers) == 0 {
		nameservers = dns.RecursiveNameservers
	}
	result := controller.ContextOptions{
		Kubeconfig:         config.KubeConfig,
		KubernetesAPIQPS:   config.KubernetesAPIQPS,
		KubernetesAPIBurst: config.KubernetesAPIBurst,
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverImage:            http01.SolverImage,
			HTTP01SolverRuntimeClassName: http01.SolverRuntimeClassName,
			HTTP01SolverNameservers:      http01.SolverNameservers,
			HTTP01SolverExtraLabels:      http01.SolverExtraLabels,
			ACMEHTTP01SolverRunAsNonRoot: http01.SolverRunAsNonRoot,
			DNS01Nameservers:             nameservers,
			DNS01CheckAuthoritative:      !dns01.RecursiveNameserversOnly,
			DNS01CheckRetryPeriod:        dns01.CheckRetryPeriod,
		},
		IssuerOptions: controller.IssuerOptions{
			ClusterResourceNamespace:        config.ClusterResourceNamespace,
			ClusterIssuerAmbientCredentials: config.ClusterIssuerAmbientCredentials,
			IssuerAmbientCredentials:        config.IssuerAmbientCredentials,
		},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerName:                 ingresses.DefaultIssuerName,
			DefaultIssuerKind:                 ingresses.DefaultIssuerKind,
			DefaultIssuerGroup:                ingresses.DefaultIssuerGroup,
			DefaultAutoCertificateAnnotations: ingresses.DefaultAutoCertificateAnnotations,
		},
		CertificateOptions: controller.CertificateOptions{
			EnableOwnerRef:                           config.EnableCertificateOwnerRef,
			CopiedAnnotationPrefixes:                 config.CopiedAnnotationPrefixes,
			CertificateRequestMinimumBackoffDuration: config.CertificateRequestMinimumBackoffDuration,
			CertificateRequestMaximumBackoffDuration: config.CertificateRequestMaximumBackoffDuration,
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: config.MaxConcurrentChallenges},
	}
	acme := &result.ACMEOptions
	for _, quantity := range []struct {
		text  string
		value *resource.Quantity
	}{
		{http01.SolverResourceRequestCPU, &acme.HTTP01SolverResourceRequestCPU},
		{http01.SolverResourceRequestMemory, &acme.HTTP01SolverResourceRequestMemory},
		{http01.SolverResourceLimitsCPU, &acme.HTTP01SolverResourceLimitsCPU},
		{http01.SolverResourceLimitsMemory, &acme.HTTP01SolverResourceLimitsMemory},
	} {
		value, err := resource.ParseQuantity(quantity.text)
		if err != nil {
			return result, err
		}
		*quantity.value = value
	}
	return result, nil
}
