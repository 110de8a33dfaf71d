package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A clone that depends on nothing says how its data came, whether its source was a chain or not.
 */
final class FullCloneTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 41L);

  private static void requireMethod(CopyMethod expected, SimulatedVolume.Options options)
      throws Exception {
    SimulatedVolume volume = SimulatedVolume.create(options.withRecording(false));
    SimulatedHome simulated = new SimulatedHome(HomeOptions.of(SimulatedHome.DIRECTORY), false);
    try (BoxHome home = simulated.create(volume, SEED)) {
      home.create(
          new CreateRequest("web", List.of(new DiskSource.Empty(BoxDisk.ROOT, 1 << 20))),
          new JobControl());
      DiskBytes.write(volume, home.path("web", BoxDisk.ROOT), 0, 65536, SEED);
      assertThat(full(home, "alone")).isEqualTo(expected);
      home.snapshot("web", "one", "");
      DiskBytes.write(volume, home.path("web", BoxDisk.ROOT), 131072, 65536, SEED + 1);
      assertThat(full(home, "flattened")).isEqualTo(expected);
      assertThat(DiskBytes.read(volume, home.path("flattened", BoxDisk.ROOT)))
          .isEqualTo(DiskBytes.read(volume, home.path("web", BoxDisk.ROOT)));
    }
  }

  private static CopyMethod full(BoxHome home, String name) throws IOException {
    return home.cloneBox(new CloneRequest("web", null, List.of(name), true), new JobControl())
        .method();
  }

  @Test
  void whatTheFileSystemCanDoIsToldOfACopyAndOfAFlattenedChain() throws Exception {
    SimulatedVolume.Options sharing = SimulatedVolume.Options.standard();
    requireMethod(CopyMethod.REFLINK, sharing);
    SimulatedVolume.Options copying = sharing.without(Capability.CLONE_RANGE);
    requireMethod(CopyMethod.USER_COPY, copying.without(Capability.KERNEL_COPY));
  }
}
