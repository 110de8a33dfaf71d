package io.github.qcow4j.qcow2.write;

import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import io.github.qcow4j.qcow2.refcount.CounterCodec;
import java.util.List;
import java.util.Objects;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionResult;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.verifier.Verifier;

/**
 * Walks through {@link Interleavings}, in a process of its own: Lincheck rewrites the classes of
 * the one it runs in. It knows no views of arrays as longs, so that what {@link CounterCodec} does
 * with one array is one step.
 */
final class InterleavingRun {

  private InterleavingRun() {}

  public static void main(String[] arguments) {
    int ways = Integer.parseInt(arguments[0]);
    for (Class<? extends Interleaving> each : Interleavings.ALL) {
      new ModelCheckingOptions()
          .iterations(0)
          .addCustomScenario(scenario())
          .invocationsPerIteration(ways)
          .minimizeFailedScenario(false)
          .addGuarantee(forClasses(CounterCodec.class.getName()).allMethods().treatAsAtomic())
          .verifier(NothingThrown.class)
          .check(each);
      System.out.println(each.getSimpleName() + " held in " + ways + " ways");
    }
    System.exit(0);
  }

  private static ExecutionScenario scenario() {
    List<List<Actor>> threads =
        List.of(
            List.of(actor("runFirst")), List.of(actor("runSecond")), List.of(actor("runThird")));
    return new ExecutionScenario(List.of(), threads, List.of(actor("runAfterwards")), null);
  }

  private static Actor actor(String method) {
    try {
      return new Actor(Interleaving.class.getMethod(method), List.of());
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Each part judges what it sees itself. */
  public static final class NothingThrown implements Verifier {

    public NothingThrown(Class<?> sequentialSpecification) {
      Objects.requireNonNull(sequentialSpecification);
    }

    @Override
    public boolean verifyResults(ExecutionScenario scenario, ExecutionResult results) {
      return results.getThreadsResultsWithClock().stream()
          .flatMap(List::stream)
          .allMatch(result -> result.getResult().toString().equals("true"));
    }
  }
}
