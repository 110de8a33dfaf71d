package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.CarriedFiles;
import io.github.qcow4j.snapshot.catalogue.CarriedRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotDisk;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a home shows: the content of every disk of every box and snapshot, and of the files that
 * boxes have beside them.
 */
public record Observation(Map<String, String> disks) {

  /** What begins the name of a file that a box has beside its disks, where a disk has its role. */
  static final String CARRIED = "+";

  /** Files on simulated volumes that were checked before: crash states differ in few of them. */
  private static final Set<Long> SOUND = ConcurrentHashMap.newKeySet();

  /** Looks at everything, and requires that home and catalogue agree in all of it. */
  static Observation of(BoxHome home, Volume volume) throws Exception {
    Map<String, String> disks = new TreeMap<>();
    for (Box box : home.list()) {
      assertThat(box.status()).isIn(BoxStatus.STOPPED, BoxStatus.RUNNING);
      disks.put(box.name(), "box");
      for (BoxDisk disk : box.disks()) {
        disks.put(box.name() + ":" + disk.role(), SeenFiles.shown(volume, disk.path()));
      }
      for (CarriedRow file : carried(home, box.id())) {
        Path path = new HomeLayout(home.directory()).resolve(file.file());
        disks.put(box.name() + ":" + CARRIED + file.name(), SeenFiles.bytes(volume, path));
      }
      for (Snapshot snapshot : home.snapshots(box.name())) {
        for (SnapshotDisk disk : snapshot.disks()) {
          disks.put(
              box.name() + "/" + snapshot.name() + ":" + disk.role(),
              SeenFiles.shown(volume, disk.path()));
        }
      }
    }
    return new Observation(disks);
  }

  private static List<CarriedRow> carried(BoxHome home, String boxId) throws Exception {
    return home.internals().catalogue().read(rows -> new CarriedFiles(rows).ofBox(boxId));
  }

  /** Requires that files, headers and rows say the same, and that nothing else is there. */
  public static void requireAgreement(BoxHome home, Volume volume) throws Exception {
    HomeLayout layout = new HomeLayout(home.directory());
    List<ImageRow> images = home.internals().catalogue().read(rows -> new Images(rows).all());
    Set<Path> known = new HashSet<>();
    for (ImageRow image : images) {
      Path path = layout.resolve(image.file());
      known.add(path);
      assertThat(volume.exists(path)).as("file of %s", image).isTrue();
      if (image.format().equals("qcow2")) {
        requireHeader(volume, layout, images, image, path);
      }
    }
    for (CarriedRow file :
        home.internals().catalogue().read(rows -> new CarriedFiles(rows).all())) {
      Path path = layout.resolve(file.file());
      known.add(path);
      assertThat(volume.exists(path)).as("%s", file).isTrue();
    }
    for (Path directory : List.of(layout.disks(), layout.layers(), layout.files())) {
      for (String name : volume.list(directory)) {
        assertThat(known).contains(directory.resolve(name));
      }
    }
    List<Intent> intents = home.internals().catalogue().read(rows -> new Intents(rows).all());
    assertThat(intents).isEmpty();
  }

  private static void requireHeader(
      Volume volume, HomeLayout layout, List<ImageRow> images, ImageRow image, Path path)
      throws Exception {
    String name = SeenFiles.backingName(volume, path);
    String expected =
        switch (image.parent()) {
          case null -> null;
          case Parent.Outside outside -> outside.path();
          case Parent.Inside inside ->
              images.stream()
                  .filter(each -> each.id().equals(inside.imageId()))
                  .map(each -> HomeLayout.backingName(each.file()))
                  .findFirst()
                  .orElseThrow();
        };
    assertThat(name).as("backing name of %s", image).isEqualTo(expected);
    if (volume instanceof SimulatedVolume simulated && !SOUND.add(simulated.contentHash(path))) {
      return;
    }
    CheckReport report;
    try (ImageCheck check = ImageCheck.open(volume, path)) {
      report = check.run(finding -> {}, new JobControl());
    }
    assertThat(report.corruptions())
        .as("corruptions of %s", layout.home().relativize(path))
        .isZero();
  }
}
