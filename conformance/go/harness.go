package main

// Steps, what they hand on to each other, and the closing line. Knows nothing of Graph.

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

const (
	stepTimeMax    = 2 * time.Minute
	pollTimeMax    = 30 * time.Second
	pollPause      = 400 * time.Millisecond
	detailCharsMax = 500
)

// fault ends a step: a check that did not hold, or an earlier step that gave nothing.
type fault struct{ text string }

type step struct {
	name  string
	gives []string
	run   func(ctx context.Context) string
}

var (
	steps      []step
	facts      = map[string]any{}
	checksMade int
)

// add registers a step. gives names the facts it must have set when it ends.
func add(name string, gives []string, run func(ctx context.Context) string) {
	steps = append(steps, step{name, gives, run})
}

func gives(names ...string) []string { return names }

// fact is what an earlier step handed on; a fact that is not there names the step that should have given it.
func fact[T any](name string) T {
	value, known := facts[name].(T)
	if !known {
		giver := name
		for _, each := range steps {
			if slices.Contains(each.gives, name) {
				giver = each.name
			}
		}
		panic(fault{fmt.Sprintf("needs step %s, which gave no %s", giver, name)})
	}
	return value
}

func check(holds bool, otherwise string) {
	checksMade++
	if !holds {
		panic(fault{otherwise})
	}
}

func same(actual, expected any, what string) {
	check(reflect.DeepEqual(actual, expected), fmt.Sprintf("%s is %v, not %v", what, actual, expected))
}

// must is for calls that have to succeed.
func must[T any](value T, err error) T {
	done(err)
	return value
}

// done is for calls without an answer that have to succeed.
func done(err error) {
	if err != nil {
		panic(err)
	}
}

// until reads until ready likes the answer, and fails naming what was waited for.
func until[T any](ctx context.Context, what string, read func() T, ready func(T) bool) T {
	end := time.Now().Add(pollTimeMax)
	for {
		answer := read()
		if ready(answer) {
			check(true, what)
			return answer
		}
		check(time.Now().Before(end), fmt.Sprintf("waited %v for %s", pollTimeMax, what))
		select {
		case <-ctx.Done():
			panic(ctx.Err())
		case <-time.After(pollPause):
		}
	}
}

// outcome is the detail of a step that passed, or what went wrong.
func outcome(one step) (detail string, failure any) {
	defer func() {
		if failure = recover(); failure != nil {
			return
		}
		if checksMade == 0 {
			failure = fault{"the step checked nothing"}
		}
		for _, name := range one.gives {
			if facts[name] == nil {
				failure = fault{"the step did not set " + name}
			}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeMax)
	defer cancel()
	checksMade = 0
	return one.run(ctx), nil
}

// runAll runs every registered step in order and prints the closing line. True when nothing failed.
func runAll() bool {
	failed := 0
	for _, one := range steps {
		detail, failure := outcome(one)
		line := fmt.Sprintf("ok %s: %s", one.name, detail)
		if failure != nil { // a failed step must not stop the independent ones after it
			failed++
			line = fmt.Sprintf("FAIL %s: %s", one.name, explain(failure))
		}
		letters := []rune(strings.Join(strings.Fields(line), " "))
		fmt.Println(string(letters[:min(len(letters), detailCharsMax)]))
	}
	fmt.Printf("%d passed, %d failed\n", len(steps)-failed, failed)
	return failed == 0
}
