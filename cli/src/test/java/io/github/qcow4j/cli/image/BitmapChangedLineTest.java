package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whoever is told that a bitmap was not changed may believe it. */
final class BitmapChangedLineTest {

  private static final String IMAGE = "/image.qcow2";

  @Test
  void aBitmapThatIsChangedIsToldAsSuchWhenWhatItHadIsNotGivenBack() {
    int told = 0;
    boolean faulty = true;
    for (long nth = 1; faulty; nth++) {
      SimulatedVolume volume = SimulatedVolume.create();
      assertThat(run(volume, "create", "-q", "-f", "qcow2", IMAGE, "1M").exitCode()).isZero();
      assertThat(run(volume, "bitmap", "--add", IMAGE, "one").exitCode()).isZero();
      volume.faults().failCall(nth, Errno.EIO);
      OurRun added = run(volume, "bitmap", "--add", IMAGE, "two");
      faulty = added.exitCode() != 0;
      volume.faults().none();
      if (added.stderr().contains("was changed")) {
        told++;
        assertThat(added.stderr())
            .isEqualTo(
                "qemu-img: Bitmap 'two' was changed, but tidying the file up failed: "
                    + "Input/output error\n");
        assertThat(run(volume, "info", IMAGE).stdout()).contains("name: two");
      }
    }
    assertThat(told).isPositive();
  }

  private static OurRun run(SimulatedVolume volume, String... arguments) {
    return OurRun.of(Personality.QEMU_IMG, Map.of(), () -> volume, List.of(arguments));
  }
}
