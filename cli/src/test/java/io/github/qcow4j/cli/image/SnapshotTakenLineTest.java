package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A snapshot that is taken before the storage fails: the line says both, and the list has it. */
final class SnapshotTakenLineTest {

  private static final String IMAGE = "/disk.qcow2";

  @Test
  void isToldAsCreatedAndNotAsFailed() {
    int told = 0;
    boolean faulty = true;
    for (long nth = 1; faulty; nth++) {
      SimulatedVolume volume = SimulatedVolume.create();
      assertThat(run(volume, "create", "-q", "-f", "qcow2", IMAGE, "1M").exitCode()).isZero();
      volume.faults().failCall(nth, Errno.EIO);
      OurRun taken = run(volume, "snapshot", "-c", "one", IMAGE);
      faulty = taken.exitCode() != 0;
      volume.faults().none();
      if (taken.stderr().contains("was created")) {
        told++;
        assertThat(taken.stderr())
            .startsWith("qemu-img: Snapshot 'one' was created, but tidying the file up failed: ")
            .endsWith("Input/output error\n")
            .hasLineCount(1);
        assertThat(run(volume, "snapshot", "-l", IMAGE).stdout()).contains(" one ");
      }
    }
    assertThat(told).isPositive();
  }

  private static OurRun run(SimulatedVolume volume, String... arguments) {
    return OurRun.of(Personality.QEMU_IMG, Map.of(), () -> volume, List.of(arguments));
  }
}
