// The entitlement management tutorial with Microsoft's own Go SDK.
//
// Build it, and start it with the lines of demo.env in the environment. Every step prints `ok NAME: detail` or
// `FAIL NAME: reason`; the last line is `N passed, M failed`, and the exit code is 1 when M > 0.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// deletion removes one of a kind, and reads it once more.
type deletion struct {
	kind         string
	remove, read func(ctx context.Context, id string) error
}

func endingSteps() {
	add("cleanup.assignments", nil, func(ctx context.Context) string {
		for _, id := range live(ctx, "") {
			answer := must(app().em().AssignmentRequests().Post(ctx, removal(models.ADMINREMOVE_ACCESSPACKAGEREQUESTTYPE, id), nil))
			ended(ctx, value(answer.GetId()))
		}
		same(len(live(ctx, "")), 0, "the number of live assignments")
		return "none is live"
	})

	cleanup(deletion{"policies", func(ctx context.Context, id string) error {
		return app().em().AssignmentPolicies().ByAccessPackageAssignmentPolicyId(id).Delete(ctx, nil)
	}, func(ctx context.Context, id string) error {
		_, err := app().em().AssignmentPolicies().ByAccessPackageAssignmentPolicyId(id).Get(ctx, nil)
		return err
	}})
	cleanup(deletion{"packages", func(ctx context.Context, id string) error {
		return app().em().AccessPackages().ByAccessPackageId(id).Delete(ctx, nil)
	}, func(ctx context.Context, id string) error {
		_, err := app().em().AccessPackages().ByAccessPackageId(id).Get(ctx, nil)
		return err
	}})

	add("cleanup.resource", nil, func(ctx context.Context) string {
		answer := must(app().em().ResourceRequests().Post(ctx,
			resourceRequest(models.ADMINREMOVE_ACCESSPACKAGEREQUESTTYPE), nil))
		same(value(answer.GetState()), models.DELIVERED_ACCESSPACKAGEREQUESTSTATE, "state")
		left := must(app().em().Catalogs().ByAccessPackageCatalogId(fact[string]("catalog")).Resources().Get(ctx, nil))
		same(len(left.GetValue()), 0, "the number of resources in the catalog")
		return "out of the catalog"
	})

	cleanup(deletion{"catalogs", func(ctx context.Context, id string) error {
		return app().em().Catalogs().ByAccessPackageCatalogId(id).Delete(ctx, nil)
	}, func(ctx context.Context, id string) error {
		_, err := app().em().Catalogs().ByAccessPackageCatalogId(id).Get(ctx, nil)
		return err
	}})
	cleanup(deletion{"groups", func(ctx context.Context, id string) error {
		return app().client.Groups().ByGroupId(id).Delete(ctx, nil)
	}, func(ctx context.Context, id string) error {
		_, err := app().client.Groups().ByGroupId(id).Get(ctx, nil)
		return err
	}})
	cleanup(deletion{"users", func(ctx context.Context, id string) error {
		return app().client.Users().ByUserId(id).Delete(ctx, nil)
	}, func(ctx context.Context, id string) error {
		_, err := app().client.Users().ByUserId(id).Get(ctx, nil)
		return err
	}})

	add("cleanup.deleted_items", nil, func(ctx context.Context) string {
		for _, id := range append(made["groups"], made["users"]...) {
			route := app().client.Directory().DeletedItems().ByDirectoryObjectId(id)
			done(route.Delete(ctx, nil))
			_, err := route.Get(ctx, nil)
			refused(err, 404, "")
		}
		return "gone for good"
	})
}

// cleanup deletes all of a kind and reads each once more; one that fails does not keep the others.
func cleanup(each deletion) {
	add("cleanup."+each.kind, nil, func(ctx context.Context) string {
		check(len(made[each.kind]) > 0, "no step of this run made "+each.kind)
		var left []string
		for _, id := range made[each.kind] {
			if err := each.remove(ctx, id); err != nil {
				left = append(left, id+": "+explain(err))
				continue
			}
			refused(each.read(ctx, id), 404, "")
		}
		check(left == nil, "left: "+strings.Join(left, "; "))
		return fmt.Sprintf("%d deleted, GET answers 404", len(made[each.kind]))
	})
}

func main() {
	directorySteps()
	packageSteps()
	requestSteps()
	endingSteps()
	if !runAll() {
		os.Exit(1)
	}
}
