package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Calls {@code qcow4j box} on one home.
 *
 * @param home the home
 */
public record BoxRun(Path home) {

  /** A call, however it ends. */
  public OurRun call(String... arguments) {
    List<String> all = new ArrayList<>(List.of("box"));
    all.addAll(List.of(arguments));
    return OurRun.of(Personality.QCOW4J, Map.of("QCOW4J_HOME", home.toString()), all);
  }

  /** A call that must succeed; what it printed. */
  public String ok(String... arguments) {
    OurRun run = call(arguments);
    assertThat(run.exitCode()).as(run.toString()).isZero();
    assertThat(run.stderr()).as(run.toString()).isEmpty();
    return run.stdout();
  }

  /** A call that must fail with this exit code and one line; that line. */
  public String fails(int exitCode, String... arguments) {
    OurRun run = call(arguments);
    assertThat(run.exitCode()).as(run.toString()).isEqualTo(exitCode);
    assertThat(run.stderr()).as(run.toString()).matches("qcow4j: [^\\n]+\\n");
    return run.stderr();
  }
}
