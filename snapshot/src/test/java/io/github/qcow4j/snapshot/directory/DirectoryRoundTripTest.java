package io.github.qcow4j.snapshot.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.snapshot.directory.DirectoryRequest.CarriedFile;
import io.github.qcow4j.snapshot.directory.DirectoryRequest.DirectoryDisk;
import io.github.qcow4j.snapshot.directory.StagedDirectory.Maker;
import io.github.qcow4j.snapshot.directory.StagedDirectory.StagedFile;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.transfer.HostProgram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories out and in again. */
class DirectoryRoundTripTest {

  private static final Volume VOLUME = Volumes.host();
  private static final DirectoryPolicy POLICY =
      new DirectoryPolicy(ReferencePolicy.deny(), 1L << 40);

  @TempDir Path folder;

  private static DirectoryResult export(Path folder, Path target) throws Exception {
    return export(folder, target, new JobControl());
  }

  private static DirectoryResult export(Path folder, Path target, JobControl control)
      throws Exception {
    QemuTools qemu = QemuTools.require().in(folder);
    qemu.img("create", "-q", "-f", "raw", "base.raw", "20M").orFail();
    qemu.ioFormat("raw", folder.resolve("base.raw"), "write -P 0x11 1M 8M");
    qemu.createOverlay(folder.resolve("top.qcow2"), "", "base.raw", "raw");
    qemu.io(folder.resolve("top.qcow2"), "write -P 0x21 2M 1M", "write -z 3M 256k");
    qemu.create(folder.resolve("data.qcow2"), "", 3 << 20);
    qemu.io(folder.resolve("data.qcow2"), "write -P 7 0 64k");
    Path state = Files.writeString(folder.resolve("state.json"), "{}");
    try (DiskImage root = open(folder.resolve("top.qcow2"));
        DiskImage data = open(folder.resolve("data.qcow2"));
        BlockFile carried = VOLUME.open(state, OpenOptions.reading())) {
      return BoxDirectories.export(
          new DirectoryRequest(
              "s1",
              "web",
              "before the update",
              List.of(new DirectoryDisk("root", root), new DirectoryDisk("data", data)),
              List.of(new CarriedFile("state.json", carried)),
              2),
          VOLUME,
          target,
          control);
    }
  }

  private static DiskImage open(Path image) throws IOException {
    return DiskImages.open(
        VOLUME, image, ReferencePolicy.allow(), ImageOptions.of(ImageFormat.QCOW2));
  }

  @Test
  void aFileThatAnotherPutsThereMeanwhileStaysAndWhatWasMadeGoes() throws Exception {
    Path target = folder.resolve("exported");
    Path taken = target.resolve("root.qcow2");
    JobControl control =
        JobControl.reportingTo((done, total) -> {
          if (done > 0 && !Files.exists(taken)) {
            write(taken, "another's");
          }
        });

    assertThatThrownBy(() -> export(folder, target, control))
        .isInstanceOf(FileAlreadyExistsException.class);

    assertThat(taken).hasContent("another's");
    assertThat(target).isDirectoryNotContaining(name -> !name.equals(taken));
  }

  private static void write(Path path, String content) {
    try {
      Files.writeString(path, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static StagedDirectory stage(Path directory, Path staging) throws IOException {
    return DirectoryIntake.stage(
        VOLUME,
        directory,
        new Staging(VOLUME, Files.createDirectory(staging)),
        POLICY,
        new JobControl());
  }

  @Test
  void aBoxComesBackWithAllItsDisksAndFiles() throws Exception {
    Path target = folder.resolve("exported");
    DirectoryResult result = export(folder, target);
    assertThat(result.files())
        .extracting(DirectoryResult.ExportedFile::name)
        .containsExactly("root.qcow2", "data.qcow2", "state.json");
    QemuTools qemu = QemuTools.require().in(folder);
    qemu.assertCheckClean(target.resolve("root.qcow2"));
    HostProgram.run(folder, "qemu-img", "compare", "top.qcow2", target + "/root.qcow2");
    for (DirectoryResult.ExportedFile file : result.files()) {
      String sum = HostProgram.run(target, "sha256sum", file.name()).substring(0, 64);
      assertThat(file.digest()).isEqualTo("sha256:" + sum);
      assertThat(target.resolve(Envelope.NAME)).content().contains(sum);
    }

    StagedDirectory staged = stage(target, folder.resolve("staging"));
    assertThat(staged.maker()).isEqualTo(Maker.QCOW4J);
    assertThat(staged.envelope().id()).isEqualTo("s1");
    assertThat(staged.envelope().name()).isEqualTo("web");
    assertThat(staged.envelope().description()).isEqualTo("before the update");
    assertThat(staged.disks()).extracting(StagedDisk::role).containsExactly("root", "data");
    assertThat(staged.carried()).extracting(StagedFile::name).containsExactly("state.json");
    for (StagedDisk disk : staged.disks()) {
      assertThat(disk.path()).hasSameBinaryContentAs(target.resolve(disk.path().getFileName()));
    }
  }

  @Test
  void theEnvelopeIsWrittenAsCocoonDoes() throws Exception {
    DirectoryResult result = export(folder, folder.resolve("exported"));
    var digests = result.files().stream().map(DirectoryResult.ExportedFile::digest).toList();
    assertThat(folder.resolve("exported/snapshot.json"))
        .hasContent(
            """
            {
              "version": 1,
              "config": {
                "id": "s1",
                "name": "web",
                "description": "before the update"
              },
              "files": [
                "root.qcow2",
                "data.qcow2",
                "state.json"
              ],
              "lengths": {
                "root.qcow2": %d,
                "data.qcow2": %d,
                "state.json": 2
              },
              "digests": {
                "root.qcow2": "%s",
                "data.qcow2": "%s",
                "state.json": "%s"
              },
              "disks": [
                {
                  "role": "root",
                  "file": "root.qcow2",
                  "format": "qcow2",
                  "virtual_size": 20971520
                },
                {
                  "role": "data",
                  "file": "data.qcow2",
                  "format": "qcow2",
                  "virtual_size": 3145728
                }
              ]
            }
            """
                .formatted(
                    result.files().get(0).lengthBytes(),
                    result.files().get(1).lengthBytes(),
                    digests.get(0),
                    digests.get(1),
                    digests.get(2)));
  }

  @Test
  void aDirectoryWithSomethingInItIsLeftAsItIs() throws Exception {
    Path target = Files.createDirectory(folder.resolve("exported"));
    Files.writeString(target.resolve("mine"), "mine");
    assertThatThrownBy(() -> export(folder, target)).isInstanceOf(DirectoryNotEmptyException.class);
    try (Stream<Path> names = Files.list(target)) {
      assertThat(names).containsExactly(target.resolve("mine"));
    }
  }

  @Test
  void whereStorageCanBeSharedNothingIsCopied() throws Exception {
    Path xfs = LoopFileSystem.shared(LoopFileSystem.Kind.XFS).mountPoint().resolve("directories");
    Files.createDirectories(xfs);
    DirectoryResult result = export(xfs, xfs.resolve("exported"));
    assertThat(result.files().getFirst().copied().reflinkBytes()).isGreaterThan(7 << 20);
    StagedDirectory staged = stage(xfs.resolve("exported"), xfs.resolve("staging"));
    for (StagedDisk disk : staged.disks()) {
      assertThat(disk.copied().reflinkBytes()).isEqualTo(disk.fileBytes());
    }
    HostProgram.run(xfs, "qemu-img", "compare", "top.qcow2", "staging/root.qcow2");
  }

  @Test
  void oneDirectoryServesManyAtOnce() throws Exception {
    Path target = folder.resolve("exported");
    export(folder, target);
    List<Callable<StagedDirectory>> intakes = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Path staging = folder.resolve("staging" + i);
      intakes.add(() -> stage(target, staging));
    }
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      for (Future<StagedDirectory> intake : executor.invokeAll(intakes)) {
        assertThat(intake.get().disks()).hasSize(2);
      }
    }
  }
}
