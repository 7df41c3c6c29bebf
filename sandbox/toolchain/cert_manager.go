// The programs of cert-manager in one binary: `cert-manager COMPONENT FLAGS`. The main packages of
// cert-manager are separate modules, which the Go module proxy doesn't have. This one starts the same
// code with the same defaults, and has the flags that the official chart sets.
//
// The name of this main module starts with that of cert-manager, so it can import internal packages.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	cliflag "k8s.io/component-base/cli/flag"
	logging "k8s.io/component-base/logs/api/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/cert-manager/cert-manager/internal/apis/config/shared"
	exits "github.com/cert-manager/cert-manager/internal/cmd/util"
	"github.com/cert-manager/cert-manager/internal/webhook"
	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
	"github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
	"github.com/cert-manager/cert-manager/pkg/util/cmapichecker"
	"github.com/cert-manager/cert-manager/pkg/util/feature"
	webhookoptions "github.com/cert-manager/cert-manager/pkg/webhook/options"
)

// A component adds its flags and returns the function to call after they are parsed.
var components = map[string]func(*pflag.FlagSet) (func(context.Context) error, error){
	"controller": runController,
	"webhook":    runWebhook,
	"cainjector": runCAInjector,
	"acmesolver": runSolver,

	"startupapicheck": runStartupAPICheck,
}

func main() {
	ctx, exit := exits.SetupExitHandler(context.Background(), exits.GracefulShutdown)
	defer exit()
	logs.InitLogs()
	defer logs.FlushLogs()
	ctrl.SetLogger(logs.Log)
	if err := start(logs.NewContext(ctx, logs.Log), os.Args[1:]); err != nil {
		logs.Log.Error(err, "failed")
		exits.SetExitCode(err)
	}
}

func start(ctx context.Context, arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "--version" {
		_, err := fmt.Println(util.AppVersion)
		return err
	}
	if len(arguments) == 0 || components[arguments[0]] == nil {
		return fmt.Errorf("the first argument must be one of %v", slices.Sorted(maps.Keys(components)))
	}
	flags := pflag.NewFlagSet(arguments[0], pflag.ContinueOnError)
	run, err := components[arguments[0]](flags)
	if err == nil {
		err = flags.Parse(arguments[1:])
	}
	if err != nil {
		return err
	}
	return run(ctx)
}

func runSolver(flags *pflag.FlagSet) (func(context.Context) error, error) {
	server := &solver.HTTP01Solver{}
	flags.IntVar(&server.ListenPort, "listen-port", 8089, "")
	flags.StringVar(&server.Domain, "domain", "", "")
	flags.StringVar(&server.Token, "token", "", "")
	flags.StringVar(&server.Key, "key", "", "")
	return func(ctx context.Context) error {
		context.AfterFunc(ctx, func() { _ = server.Close() })
		err := server.Listen(logs.FromContext(ctx))
		if ctx.Err() != nil {
			return nil
		}
		return err
	}, nil
}

func runStartupAPICheck(flags *pflag.FlagSet) (func(context.Context) error, error) {
	kubeconfig := flags.String("kubeconfig", "", "")
	flags.BoolP("verbose", "v", false, "")
	patience := flags.Duration("wait", 0, "")
	interval := flags.Duration("interval", 5*time.Second, "")
	return func(ctx context.Context) error {
		rest, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
		if err != nil {
			return err
		}
		checker, err := cmapichecker.New(rest, os.Getenv("POD_NAMESPACE"))
		if err != nil {
			return err
		}
		for deadline := time.Now().Add(*patience); ; {
			if err := checker.Check(ctx); err == nil || ctx.Err() != nil || time.Now().After(deadline) {
				return err
			}
			time.Sleep(*interval)
		}
	}, nil
}

func runWebhook(flags *pflag.FlagSet) (func(context.Context) error, error) {
	config, err := webhookoptions.NewWebhookConfiguration()
	if err != nil {
		return nil, err
	}
	webhookoptions.AddConfigFlags(flags, config)
	return func(ctx context.Context) error {
		if err := apply(config.FeatureGates, &config.Logging); err != nil {
			return err
		}
		server, err := webhook.NewCertManagerWebhookServer(logs.FromContext(ctx), *config)
		if err != nil {
			return err
		}
		return server.Run(ctx)
	}, nil
}

// setDefaults sets the internal configuration to the defaults of its published version.
func setDefaults(scheme *runtime.Scheme, published runtime.Object, config any) error {
	scheme.Default(published)
	return scheme.Convert(published, config, nil)
}

func addShared(
	flags *pflag.FlagSet, election *shared.LeaderElectionConfig, gates *map[string]bool,
	logConfig *logging.LoggingConfiguration,
) {
	flags.BoolVar(&election.Enabled, "leader-elect", election.Enabled, "")
	flags.StringVar(&election.Namespace, "leader-election-namespace", election.Namespace, "")
	flags.DurationVar(&election.LeaseDuration, "leader-election-lease-duration", election.LeaseDuration, "")
	flags.DurationVar(&election.RenewDeadline, "leader-election-renew-deadline", election.RenewDeadline, "")
	flags.DurationVar(&election.RetryPeriod, "leader-election-retry-period", election.RetryPeriod, "")
	flags.Var(cliflag.NewMapStringBool(gates), "feature-gates", "")
	logs.AddFlags(logConfig, flags)
}

func apply(gates map[string]bool, logConfig *logging.LoggingConfiguration) error {
	if err := feature.DefaultMutableFeatureGate.SetFromMap(gates); err != nil {
		return err
	}
	return logs.ValidateAndApply(logConfig)
}
