package tenure;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Steps, what they hand on to each other, and the closing line. Knows nothing of Graph. */
final class Harness {
    private static final Duration STEP_TIME_MAX = Duration.ofMinutes(2);
    private static final Duration POLL_TIME_MAX = Duration.ofSeconds(30);
    private static final Duration POLL_PAUSE = Duration.ofMillis(400);
    private static final int DETAIL_CHARS_MAX = 500;

    /** What a step does. It answers a detail to be shown. */
    @FunctionalInterface
    interface Work {
        String run() throws Exception;
    }

    /** A check that did not hold, or an earlier step that gave nothing. */
    static final class Fault extends RuntimeException {
        private static final long serialVersionUID = 1;

        Fault(String text) {
            super(text);
        }
    }

    private record Step(String name, List<String> gives, Work work) {}

    private final List<Step> steps = new ArrayList<>();
    private final Map<String, Object> facts = new HashMap<>();
    private int checksMade;

    /** Registers a step that hands nothing on. */
    void step(String name, Work work) {
        step(name, List.of(), work);
    }

    /** Registers a step. {@code gives} names the facts it must have set when it ends. */
    void step(String name, List<String> gives, Work work) {
        steps.add(new Step(name, gives, work));
    }

    <T> T give(String name, T value) {
        facts.put(name, value);
        return value;
    }

    /** What an earlier step handed on; a fact that is not there names the step that should have given it. */
    <T> T fact(String name, Class<T> kind) {
        Object value = facts.get(name);
        if (value == null) {
            var givers = steps.stream().filter(each -> each.gives.contains(name)).map(Step::name);
            throw new Fault("needs step " + givers.findFirst().orElse(name) + ", which gave no " + name);
        }
        return kind.cast(value);
    }

    String fact(String name) {
        return fact(name, String.class);
    }

    void check(boolean holds, String otherwise) {
        checksMade++;
        if (!holds) {
            throw new Fault(otherwise);
        }
    }

    void same(Object actual, Object expected, String what) {
        check(Objects.equals(actual, expected), what + " is " + actual + ", not " + expected);
    }

    /** Reads until {@code ready} likes the answer, and fails naming what was waited for. */
    <T> T until(String what, Supplier<T> read, Predicate<T> ready) throws InterruptedException {
        Instant end = Instant.now().plus(POLL_TIME_MAX);
        while (true) {
            T answer = read.get();
            if (ready.test(answer)) {
                check(true, what);
                return answer;
            }
            check(Instant.now().isBefore(end), "waited " + POLL_TIME_MAX.toSeconds() + " s for " + what);
            Thread.sleep(POLL_PAUSE.toMillis());
        }
    }

    /** Runs every registered step in order and prints the closing line. True when nothing failed. */
    boolean runAll(Function<Throwable, String> explain) throws InterruptedException {
        ExecutorService worker = Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        });
        int failed = 0;
        for (Step step : steps) {
            String line;
            try {
                line = "ok " + step.name + ": " + outcome(step, worker);
            } catch (TimeoutException late) {
                failed++;
                line = "FAIL " + step.name + ": no end within " + STEP_TIME_MAX.toSeconds() + " s";
            } catch (ExecutionException failure) { // a failed step must not stop the independent ones after it
                failed++;
                line = "FAIL " + step.name + ": " + explain.apply(failure.getCause());
            }
            line = line.replaceAll("\\s+", " ");
            System.out.println(line.substring(0, Math.min(line.length(), DETAIL_CHARS_MAX)));
        }
        System.out.println(steps.size() - failed + " passed, " + failed + " failed");
        return failed == 0;
    }

    private String outcome(Step step, ExecutorService worker)
            throws InterruptedException, ExecutionException, TimeoutException {
        CompletableFuture<String> detail = new CompletableFuture<>();
        worker.execute(() -> {
            try {
                checksMade = 0;
                String text = step.work.run();
                if (checksMade == 0) {
                    throw new Fault("the step checked nothing");
                }
                step.gives.stream().filter(name -> !facts.containsKey(name)).findFirst().ifPresent(name -> {
                    throw new Fault("the step did not set " + name);
                });
                detail.complete(text);
            } catch (Throwable failure) {
                detail.completeExceptionally(failure);
            }
        });
        return detail.get(STEP_TIME_MAX.toMillis(), TimeUnit.MILLISECONDS);
    }
}
