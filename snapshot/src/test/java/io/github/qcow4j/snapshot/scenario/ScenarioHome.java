package io.github.qcow4j.snapshot.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.Observation;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.ExportRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * A home whose guests are QEMU. After every test that has not said that it does harm, every image
 * in it is sound and readable with its whole chain to the real {@code qemu-img}, catalogue and
 * headers say the same, and no file is there that nobody knows.
 */
abstract class ScenarioHome {

  static final long DISK_BYTES = (long) Patch.SLOTS * Patch.SLOT_BYTES;
  static final String ROOT = BoxDisk.ROOT;

  final Volume volume = Volumes.host();
  @TempDir Path directory;
  QemuTools qemu;
  BoxHome home;
  private boolean harmed;

  @BeforeEach
  void open() throws IOException {
    qemu = QemuTools.require().in(directory);
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
  }

  @AfterEach
  void requireSoundHome() throws Exception {
    try (BoxHome open = home) {
      if (open != null && !harmed) {
        requireSoundImages();
        Observation.requireAgreement(open, volume);
      }
    }
  }

  /** This test leaves the home damaged: nothing is required of it in the end. */
  final void willDoHarm() {
    harmed = true;
  }

  /** The program is started again. */
  final void reopen() throws IOException {
    home.close();
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
  }

  final void requireSoundImages() throws IOException {
    for (Path image : images()) {
      if (image.toString().endsWith(".raw")) {
        continue;
      }
      // Follows the chain, too: it opens the image as a guest would.
      qemu.assertCheckClean(image);
    }
  }

  /** All disks and layers. */
  final List<Path> images() throws IOException {
    List<Path> images = new ArrayList<>(list("disks"));
    images.addAll(list("layers"));
    return images;
  }

  final List<Path> list(String folder) throws IOException {
    try (Stream<Path> files = Files.list(home.directory().resolve(folder))) {
      return files.sorted().toList();
    }
  }

  /** A new box with an empty disk. */
  final BoxUnderTest create(String name) throws IOException {
    home.create(
        new CreateRequest(name, List.of(new DiskSource.Empty(ROOT, DISK_BYTES))), new JobControl());
    return box(name);
  }

  /** A new box over an image outside. */
  final BoxUnderTest createOver(String name, Path image) throws IOException {
    home.create(
        new CreateRequest(name, List.of(new DiskSource.Overlay(ROOT, image, null))),
        new JobControl());
    return box(name);
  }

  final BoxUnderTest box(String name) {
    return new BoxUnderTest(this, name);
  }

  final List<BoxUnderTest> cloneLive(String source, String... names) throws IOException {
    return cloneOf(source, null, names);
  }

  final List<BoxUnderTest> cloneOf(String source, String snapshot, String... names)
      throws IOException {
    home.cloneBox(new CloneRequest(source, snapshot, List.of(names), false), new JobControl());
    return Stream.of(names).map(this::box).toList();
  }

  /** Exports to an archive of a name, without its ending, in the test's directory. */
  final Path export(ExportRequest request, String fileName) throws IOException {
    Path archive = directory.resolve(fileName + ArchiveDestination.SUFFIX);
    home.export(
        request,
        new ArchiveDestination.ToFile(volume, archive, RenameMode.NO_REPLACE),
        new JobControl());
    return archive;
  }

  /** Makes a box of an archive. */
  final BoxUnderTest importArchive(Path archive, String name) throws IOException {
    ArchiveSource source = new ArchiveSource.FromFile(volume, archive);
    return box(
        home.importArchive(source, name, IntakeLimits.DEFAULT, new JobControl()).box().name());
  }

  /** What the guest of any reader finds in an image. */
  final void reads(Path image, Patch... patches) {
    List<String> arguments = new ArrayList<>(List.of("-r", "-f", "qcow2"));
    for (Patch each : patches) {
      arguments.addAll(List.of("-c", each.reading()));
    }
    arguments.add(image.toString());
    var run = qemu.ioRaw(arguments);
    assertThat(run.stdout()).as(run.toString()).doesNotContain("failed");
    run.orFail();
  }
}
