package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.JavaProcess;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Threads that share turns, ranges, caches, decoders, files and free clusters, in the orders that
 * Lincheck's model checker makes up; {@code -Dqcow4j.interleavings=100000} tries more of them.
 */
class InterleavingsTest {

  private static final int WAYS = Integer.getInteger("qcow4j.interleavings", 300);

  @Test
  void noOrderOfStepsBreaksWhatThreadsShare() throws Exception {
    Process run =
        JavaProcess.builder(
                List.of(
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-XX:+EnableDynamicAgentLoading",
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx512m"),
                InterleavingRun.class,
                Integer.toString(WAYS))
            .redirectErrorStream(true)
            .start();
    run.getOutputStream().close();
    String output = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(run.waitFor()).as(output).isZero();
    for (Class<? extends Interleaving> each : Interleavings.ALL) {
      assertThat(output).contains(each.getSimpleName() + " held in " + WAYS + " ways");
    }
  }
}
