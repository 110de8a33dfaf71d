package io.github.qcow4j.snapshot.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.snapshot.directory.StagedDirectory.Maker;
import io.github.qcow4j.snapshot.directory.StagedDirectory.StagedFile;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.HostProgram;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Directories as Cocoon makes them, and such as want to do harm. */
class CocoonDirectoryTest {

  private static final Volume VOLUME = Volumes.host();
  private static final long MEGABYTE = 1 << 20;

  /** Its L1 table is of 32 MiB, and eight of them are what a chain may have. */
  private static final long LARGEST_DISK = 1L << 51;

  @TempDir Path folder;
  private Path source;
  private Path staging;

  @BeforeEach
  void prepare() throws IOException {
    source = Files.createDirectory(folder.resolve("source"));
    staging = Files.createDirectory(folder.resolve("staging"));
  }

  private void file(String name, long size) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(source.resolve(name).toFile(), "rw")) {
      file.setLength(size);
      file.seek(size / 2);
      file.write(
          name.getBytes(java.nio.charset.StandardCharsets.UTF_8),
          0,
          (int) Math.min(size / 2, name.length()));
    }
  }

  private void envelope(String config, String more) throws IOException {
    Files.writeString(
        source.resolve("snapshot.json"),
        "{\"version\": 1, \"config\": {%s}%s}".formatted(config, more).replace('\'', '"'));
  }

  private void cloudHypervisor() throws IOException {
    file("config.json", 100);
    file("state.json", 100);
    file("memory-ranges", 2 * MEGABYTE);
    file("cow.raw", 3 * MEGABYTE);
    file("data-db.raw", MEGABYTE);
    file("cidata.img", 1000);
    Files.writeString(
        source.resolve("cocoon.json"),
        """
        {"storage_configs": [{"path": "/x/layer.erofs", "ro": true, "role": "layer"},
          {"path": "/x/cow.raw", "ro": false, "role": "cow"},
          {"path": "/x/data-db.raw", "ro": false, "role": "data"},
          {"path": "/x/cidata.img", "ro": true, "role": "cidata"}]}
        """);
    envelope("'id':'X1','name':'vm','hypervisor':'cloud-hypervisor','storage':3145728", "");
  }

  private StagedDirectory stage() throws IOException {
    return stage(ReferencePolicy.deny());
  }

  private StagedDirectory stage(ReferencePolicy references) throws IOException {
    return stage(VOLUME, references);
  }

  private StagedDirectory stage(Volume volume, ReferencePolicy references) throws IOException {
    return DirectoryIntake.stage(
        volume,
        source,
        new Staging(VOLUME, staging),
        new DirectoryPolicy(references, 64 * MEGABYTE),
        new JobControl());
  }

  private Map<String, byte[]> contents(Path directory) throws IOException {
    Map<String, byte[]> contents = new TreeMap<>();
    try (Stream<Path> names = Files.list(directory)) {
      for (Path path : names.toList()) {
        contents.put(path.getFileName().toString(), Files.readAllBytes(path));
      }
    }
    return contents;
  }

  @Test
  void theWritableDisksOfACloudHypervisorBecomeDisksAndTheRestRidesAlong() throws IOException {
    cloudHypervisor();
    Map<String, byte[]> before = contents(source);
    StagedDirectory staged = stage();
    assertThat(staged.maker()).isEqualTo(Maker.COCOON_CLOUD_HYPERVISOR);
    assertThat(staged.envelope().id()).isEqualTo("X1");
    assertThat(staged.disks()).extracting(StagedDisk::role).containsExactly("root", "db");
    assertThat(staged.disks()).extracting(StagedDisk::format).containsOnly(ImageFormat.RAW);
    assertThat(staged.disks())
        .extracting(StagedDisk::virtualSize)
        .containsExactly(3 * MEGABYTE, MEGABYTE);
    assertThat(staged.carried())
        .extracting(StagedFile::name)
        .containsExactlyInAnyOrder(
            "config.json", "state.json", "memory-ranges", "cidata.img", "cocoon.json");
    assertThat(contents(source)).containsExactlyEntriesOf(before);
    before.remove("snapshot.json");
    assertThat(contents(staging)).containsExactlyEntriesOf(before);
  }

  @Test
  void theDisksOfFirecrackerAreTaken() throws IOException {
    file("vmstate", 100);
    file("mem", MEGABYTE);
    file("cow.raw", MEGABYTE);
    envelope(
        "'name':'vm','hypervisor':'firecracker','storage':1048576",
        ",'files':['cow.raw','mem','vmstate']");
    Files.writeString(source.resolve("stray"), "not listed");
    StagedDirectory staged = stage();
    assertThat(staged.maker()).isEqualTo(Maker.COCOON_FIRECRACKER);
    assertThat(staged.disks()).hasSize(1);
    assertThat(staged.carried()).extracting(StagedFile::name).containsExactly("mem", "vmstate");
  }

  private void overlay(String backing) throws Exception {
    Path base = folder.resolve("base.qcow2");
    QemuTools.require().create(base, "", 8 * MEGABYTE);
    HostProgram.run(
        source,
        "qemu-img",
        "create",
        "-q",
        "-u",
        "-f",
        "qcow2",
        "-F",
        "qcow2",
        "-b",
        backing,
        "overlay.qcow2",
        "8M");
    envelope("'name':'vm','hypervisor':'cloud-hypervisor','storage':99", "");
  }

  @Test
  void anOverlayMayStandOnWhatThePolicyAdmits() throws Exception {
    Path base = folder.resolve("base.qcow2");
    overlay(base.toString());
    StagedDisk disk = stage(ReferencePolicy.under(folder)).disks().getFirst();
    assertThat(disk.format()).isEqualTo(ImageFormat.QCOW2);
    assertThat(disk.backing()).isEqualTo(new StagedDisk.BackingLink(base, "qcow2"));
  }

  /** Defect: the overlay's own table was not counted, and the box made of it could not be used. */
  @Test
  void anOverlayOnAChainThatHasNoRoomForItIsRefused() throws Exception {
    Path below = null;
    for (int i = 0; i < 8; i++) {
      Path image = folder.resolve("full-" + i);
      ImageSpec spec = ImageSpec.ofSize(LARGEST_DISK);
      ImageCreation.create(
          VOLUME, image, below == null ? spec : spec.withBacking(below.toString(), "qcow2"));
      below = image;
    }
    overlay(String.valueOf(below));
    assertThatThrownBy(() ->
            DirectoryIntake.stage(
                VOLUME,
                source,
                new Staging(VOLUME, staging),
                new DirectoryPolicy(ReferencePolicy.under(folder), LARGEST_DISK),
                new JobControl()))
        .isInstanceOf(LimitExceededException.class)
        .hasMessageContaining("L1 tables of the chain are too large together");
    assertThat(staging).isEmptyDirectory();
  }

  @Test
  void anOverlayOfAnythingElseIsRefused() throws Exception {
    overlay(folder.resolve("base.qcow2").toString());
    assertThatThrownBy(this::stage).isInstanceOf(ReferenceDeniedException.class);
    assertThatThrownBy(() -> stage(ReferencePolicy.under(source)))
        .isInstanceOf(ReferenceDeniedException.class);
    overlay("../base.qcow2");
    assertThatThrownBy(() -> stage(ReferencePolicy.allow()))
        .isInstanceOf(RefusedTransferException.class)
        .hasMessageContaining("relative name");
    overlay("nbd://host/x");
    assertThatThrownBy(() -> stage(ReferencePolicy.allow()))
        .isInstanceOf(ReferenceDeniedException.class);
    assertThat(staging).isEmptyDirectory();
  }

  /** Whoever owns the directory exchanges the overlay once that is copied. */
  private StagedDirectory stageExchanging(ReferencePolicy references) throws IOException {
    file("memory-ranges", MEGABYTE);
    envelope("'hypervisor':'cloud-hypervisor'", ",'files':['overlay.qcow2','memory-ranges']");
    Path clean = folder.resolve("clean.qcow2");
    QemuTools.require().create(clean, "", 8 * MEGABYTE);
    TappedVolume.Tap exchange =
        call -> {
          if (call.is("open") && source.resolve("memory-ranges").equals(call.path())) {
            Files.move(clean, source.resolve("overlay.qcow2"), StandardCopyOption.REPLACE_EXISTING);
          }
        };
    return stage(new TappedVolume(VOLUME, exchange).volume(), references);
  }

  @Test
  void anOverlayThatIsExchangedOnceItIsCopiedIsJudgedByItsCopy() throws Exception {
    Path base = folder.resolve("base.qcow2");
    overlay(base.toString());
    assertThatThrownBy(() -> stageExchanging(ReferencePolicy.deny()))
        .isInstanceOf(ReferenceDeniedException.class)
        .hasMessageContaining(base.toString());
    assertThat(staging).isEmptyDirectory();
    overlay(base.toString());
    StagedDisk disk = stageExchanging(ReferencePolicy.under(folder)).disks().getFirst();
    assertThat(disk.backing()).isEqualTo(new StagedDisk.BackingLink(base, "qcow2"));
  }

  @Test
  void anOverlayThatSomebodyWritesToIsNotCopied() throws Exception {
    overlay(folder.resolve("base.qcow2").toString());
    ImageOptions writing = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    Path original = source.resolve("overlay.qcow2");
    try (DiskImage _ = DiskImages.open(VOLUME, original, ReferencePolicy.allow(), writing)) {
      assertThatThrownBy(() -> stage(ReferencePolicy.under(folder)))
          .isInstanceOf(ImageInUseException.class);
    }
    assertThat(staging).isEmptyDirectory();
  }

  /** A change to a directory of a cloud hypervisor that is sound. */
  private interface Harm {
    void in(CocoonDirectoryTest test) throws Exception;
  }

  static Stream<Arguments> harms() {
    return Stream.of(
        harm(
            "no envelope",
            DamagedTransferException.class,
            "no complete export",
            t -> Files.delete(t.source.resolve("snapshot.json"))),
        harm(
            "an envelope of the future",
            UnsupportedTransferException.class,
            "version 2",
            t -> Files.writeString(t.source.resolve("snapshot.json"), "{\"version\":2}")),
        harm(
            "an envelope without a version",
            DamagedTransferException.class,
            "'version'",
            t -> Files.writeString(t.source.resolve("snapshot.json"), "{}")),
        harm(
            "an envelope that is no JSON",
            DamagedTransferException.class,
            "Invalid snapshot.json",
            t -> Files.writeString(t.source.resolve("snapshot.json"), "{\"version\":1")),
        harm(
            "an envelope too long",
            TransferLimitException.class,
            "allowed are",
            t -> t.file("snapshot.json", 5 * MEGABYTE)),
        harm(
            "an envelope that is a link",
            RefusedTransferException.class,
            "a symbolic link",
            t -> t.link("snapshot.json")),
        harm(
            "an unknown hypervisor",
            UnsupportedTransferException.class,
            "xen",
            t -> t.envelope("'name':'vm','hypervisor':'xen'", "")),
        harm(
            "a disk shorter than said",
            DamagedTransferException.class,
            "has 1000 bytes",
            t -> t.file("cow.raw", 1000)),
        harm(
            "a disk longer than said",
            DamagedTransferException.class,
            "says 3145728",
            t -> t.file("cow.raw", 3145728 + 512)),
        harm(
            "a listed file that is missing",
            DamagedTransferException.class,
            "missing from",
            t -> t.envelope("'name':'vm'", ",'files':['cow.raw','data-db.raw','gone']")),
        harm(
            "a file listed twice",
            DamagedTransferException.class,
            "listed twice",
            t -> t.envelope("'name':'vm'", ",'files':['cow.raw','cow.raw']")),
        harm(
            "a name that climbs",
            RefusedTransferException.class,
            "plain file names",
            t -> t.envelope("'name':'vm'", ",'files':['cow.raw','../../etc/passwd']")),
        harm(
            "an absolute name",
            RefusedTransferException.class,
            "plain file names",
            t -> t.envelope("'name':'vm'", ",'files':['/etc/passwd']")),
        harm(
            "the folder above",
            RefusedTransferException.class,
            "it is a directory",
            t -> t.envelope("'name':'vm'", ",'files':['..']")),
        harm(
            "a listed directory",
            RefusedTransferException.class,
            "a directory",
            t -> {
              Files.createDirectory(t.source.resolve("sub"));
              t.envelope("'name':'vm'", ",'files':['cow.raw','sub']");
            }),
        harm(
            "a disk that is a link",
            RefusedTransferException.class,
            "a symbolic link",
            t -> t.link("data-db.raw")),
        harm(
            "a file that is a link",
            RefusedTransferException.class,
            "a symbolic link",
            t -> t.link("state.json")),
        harm(
            "a FIFO",
            RefusedTransferException.class,
            "a FIFO",
            t -> HostProgram.run(t.source, "mkfifo", "pipe")),
        harm(
            "no root disk",
            DamagedTransferException.class,
            "no root disk",
            t -> Files.delete(t.source.resolve("cow.raw"))),
        harm(
            "two root disks",
            DamagedTransferException.class,
            "both",
            t -> t.file("overlay.qcow2", 1000)),
        harm(
            "a missing data disk",
            DamagedTransferException.class,
            "lists 2 writable disks",
            t -> Files.delete(t.source.resolve("data-db.raw"))),
        harm(
            "a data disk of a bad name",
            DamagedTransferException.class,
            "can be called",
            t -> t.file("data-UPPER.raw", 512)),
        harm(
            "a data disk that calls itself root",
            DamagedTransferException.class,
            "can be called",
            t -> t.file("data-root.raw", 512)),
        harm(
            "disks too large",
            TransferLimitException.class,
            "allowed are",
            t -> t.file("data-db.raw", 62 * MEGABYTE)),
        harm(
            "a wrong digest",
            DamagedTransferException.class,
            "Checksum",
            t ->
                t.envelope(
                    "'name':'vm'", ",'digests':{'cow.raw':'sha256:" + "0".repeat(64) + "'}")),
        harm(
            "a wrong length",
            DamagedTransferException.class,
            "says 5",
            t -> t.envelope("'name':'vm'", ",'lengths':{'state.json':5}")),
        harm(
            "a digest that is none",
            DamagedTransferException.class,
            "'digests'",
            t -> t.envelope("'name':'vm'", ",'digests':{'cow.raw':'md5:00'}")),
        harm(
            "a disk listed that has no file",
            DamagedTransferException.class,
            "no file of its own",
            t ->
                t.envelope(
                    "'name':'vm'",
                    ",'disks':[{'role':'root','file':'x','format':'raw','virtual_size':1}]")),
        harm(
            "a disk of an unknown format",
            UnsupportedTransferException.class,
            "vmdk",
            t ->
                t.envelope(
                    "'name':'vm'",
                    ",'disks':[{'role':'root','file':'cow.raw','format':'vmdk','virtual_size':1}]")),
        harm(
            "a disk of another size",
            DamagedTransferException.class,
            "is one of 3145728 bytes",
            t -> {
              Files.delete(t.source.resolve("cocoon.json"));
              t.envelope(
                  "'name':'vm'",
                  ",'disks':[{'role':'root','file':'cow.raw','format':'raw','virtual_size':1}]");
            }),
        harm(
            "a qcow2 disk that is none",
            DamagedTransferException.class,
            "is not a qcow2 image",
            t -> {
              Files.delete(t.source.resolve("cow.raw"));
              t.file("overlay.qcow2", MEGABYTE);
            }));
  }

  private static Arguments harm(
      String what, Class<? extends TransferException> kind, String message, Harm harm) {
    return Arguments.of(what, kind, message, harm);
  }

  private void link(String name) throws IOException {
    Files.move(source.resolve(name), folder.resolve(name));
    Files.createSymbolicLink(source.resolve(name), folder.resolve(name));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("harms")
  void everyHarmHasItsOwnAnswerAndLeavesNothing(
      String what, Class<? extends TransferException> kind, String message, Harm harm)
      throws Exception {
    cloudHypervisor();
    harm.in(this);
    assertThatThrownBy(this::stage).isInstanceOf(kind).hasMessageContaining(message);
    assertThat(staging).isEmptyDirectory();
  }

  @Test
  void aDirectoryThatIsNotThereIsNotFound() throws IOException {
    Files.delete(source);
    assertThatThrownBy(this::stage).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aNameThatIsNoTextIsRefusedAndNotMissing() throws Exception {
    cloudHypervisor();
    HostProgram.run(source, "sh", "-c", "touch \"$(printf 'na\\377me')\"");
    assertThatThrownBy(this::stage)
        .isInstanceOf(RefusedTransferException.class)
        .hasMessageContaining("is not UTF-8");
    assertThat(staging).isEmptyDirectory();
  }

  @Test
  void directoriesBesideTheFilesAreNotLookedInto() throws IOException {
    cloudHypervisor();
    Files.createDirectory(source.resolve("lost+found"));
    assertThat(stage().disks()).hasSize(2);
    assertThat(List.of(source.resolve("lost+found"))).allMatch(Files::isDirectory);
  }
}
