package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.HomeReport;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Defect: of a damaged catalogue, in which a chain bites its tail, a check read a hundred thousand
 * rows for each image on it.
 */
class CircularCatalogueTest {

  @Test
  void aCheckGoesRoundACircleOnce() throws Exception {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    try (CountedHome counted = new CountedHome(volume, SimulatedHome.DIRECTORY, 1)) {
      DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
      counted.home().create(new CreateRequest("web", List.of(empty)), new JobControl());
      counted.home().snapshot("web", "one", "");
      counted.home().snapshot("web", "two", "");
      long sound = stepsOfCheck(counted, 0);
      biteTail(counted.home());
      assertThat(stepsOfCheck(counted, 1)).isLessThan(10 * sound);
    }
  }

  /** Lays the lowest layer on the one above it. */
  private static void biteTail(BoxHome home) throws Exception {
    List<ImageRow> images = home.internals().catalogue().read(rows -> new Images(rows).all());
    String live =
        images.stream().filter(image -> !image.kind().frozen()).findFirst().orElseThrow().id();
    home.internals()
        .catalogue()
        .write(rows -> {
          List<ImageRow> chain = new Images(rows).chain(live);
          Parent above = new Parent.Inside(chain.get(1).id());
          new Intents(rows).apply(List.of(Change.link(chain.getLast().id(), above)));
          return live;
        });
    assertThat(home.internals().catalogue().<List<ImageRow>>read(r -> new Images(r).chain(live)))
        .hasSize(3);
  }

  private static long stepsOfCheck(CountedHome counted, int findings) throws Exception {
    return counted
        .count(home -> {
          HomeReport report = home.check(false, new JobControl());
          assertThat(report.lines()).hasSizeGreaterThanOrEqualTo(findings);
        })
        .databaseSteps();
  }
}
