// Reads manifests (YAML documents) on standard input, decodes Knative's objects with Knative's own types, strictly, sets
// defaults and validates them as its webhooks do. One line of JSON for each object; "problem" is empty where there is none.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/util/yaml"
	eventing "knative.dev/eventing/pkg/apis/eventing/v1"
	sources "knative.dev/eventing/pkg/apis/sources/v1"
	"knative.dev/pkg/apis"
	serving "knative.dev/serving/pkg/apis/serving/v1"
	strict "sigs.k8s.io/yaml"
)

type object interface {
	apis.Defaultable
	apis.Validatable
}

// One of each kind that is known, by apiVersion and kind.
var known = map[string]func() object{
	"eventing.knative.dev/v1 Broker":         func() object { return &eventing.Broker{} },
	"eventing.knative.dev/v1 Trigger":        func() object { return &eventing.Trigger{} },
	"sources.knative.dev/v1 ApiServerSource": func() object { return &sources.ApiServerSource{} },
	"sources.knative.dev/v1 PingSource":      func() object { return &sources.PingSource{} },
	"sources.knative.dev/v1 SinkBinding":     func() object { return &sources.SinkBinding{} },
	"serving.knative.dev/v1 Service":         func() object { return &serving.Service{} },
}

type named struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
}

func main() {
	documents := yaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	out := json.NewEncoder(os.Stdout)
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		var meta named
		if err := strict.Unmarshal(document, &meta); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		problem := "no Knative type"
		if make, ok := known[meta.APIVersion+" "+meta.Kind]; ok {
			problem = problemOf(document, make())
		}
		_ = out.Encode(map[string]string{"kind": meta.Kind, "name": meta.Metadata.Name, "problem": problem})
	}
}

func problemOf(document []byte, object object) string {
	if err := strict.UnmarshalStrict(document, object); err != nil {
		return err.Error()
	}
	ctx := apis.WithinCreate(context.Background())
	object.SetDefaults(ctx)
	if err := object.Validate(ctx); err != nil {
		return err.Error()
	}
	return ""
}
