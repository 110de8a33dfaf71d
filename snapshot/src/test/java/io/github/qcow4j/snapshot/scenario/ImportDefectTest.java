package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static io.github.qcow4j.snapshot.tar.Archives.end;
import static io.github.qcow4j.snapshot.tar.Archives.header;
import static io.github.qcow4j.snapshot.tar.Archives.join;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxliteImage;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.error.NameTakenException;
import io.github.qcow4j.snapshot.transfer.HostProgram;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Archives as a whole home meets them. What single members and manifests can have wrong is told one
 * by one in {@code HostileTarTest} and {@code HostileArchiveTest}; here it is what is told first,
 * what other people's programs pack, and what is left behind.
 */
class ImportDefectTest extends ScenarioHome {

  private static final String SOUND = "\"version\":3";
  private static final String WRONG = "sha256:" + "0".repeat(64);

  private static byte[] manifest(String version, String digest) {
    return """
    {%s, "box_name": "x", "image": "", "guest_disk_checksum": "",
     "container_disk_checksum": "%s", "exported_at": "2026-03-04T05:06:07Z"}
    """
        .formatted(version, digest)
        .getBytes(UTF_8);
  }

  private byte[] disk() throws IOException {
    Path disk = directory.resolve("disk.qcow2");
    if (!Files.exists(disk)) {
      qemu.create(disk, "", DISK_BYTES);
      qemu.io(disk, at(1, 3).writing());
    }
    return Files.readAllBytes(disk);
  }

  private static byte[] member(String name, byte[] bytes) {
    return join(header(name, '0', bytes.length), bytes);
  }

  private void requireRefused(byte[] archive, String message) throws IOException {
    Path file = Files.write(directory.resolve("bad.boxlite"), archive);
    assertThatThrownBy(() -> importArchive(file, "back"))
        .isInstanceOf(TransferException.class)
        .hasMessageContaining(message);
    assertThat(home.list()).isEmpty();
    assertThat(images()).isEmpty();
    assertThat(list("staging")).isEmpty();
  }

  /** An archive with two things wrong, and the one of them that is told. */
  static Stream<Arguments> faults() {
    return Stream.of(
        fault(
            "a link behind a manifest of the future",
            "version 9",
            t -> join(manifestOf("\"version\":9", ""), header("link", '2', 0), end())),
        fault(
            "no manifest and a disk that is text",
            "qcow2",
            t -> join(member("disk.qcow2", "text".getBytes(UTF_8)), end())),
        fault("no manifest and no disk", "manifest.json", t -> join(end())),
        fault(
            "a manifest of the future and no disk",
            "version 9",
            t -> join(manifestOf("\"version\":9", ""), end())),
        fault(
            "a manifest that is no JSON and no disk",
            "manifest",
            t -> join(member("manifest.json", "{".getBytes(UTF_8)), end())),
        fault("no disk and a digest", "disk.qcow2", t -> join(manifestOf(SOUND, WRONG), end())),
        fault(
            "a wrong digest of a disk that is damaged within",
            "Checksum",
            t -> join(manifestOf(SOUND, WRONG), member("disk.qcow2", t.damaged()), end())));
  }

  private interface Fault {
    byte[] in(ImportDefectTest test) throws IOException;
  }

  private static Arguments fault(String what, String message, Fault fault) {
    return Arguments.of(what, message, fault);
  }

  private static byte[] manifestOf(String version, String digest) {
    return member("manifest.json", manifest(version, digest));
  }

  /** Its L1 table leads beyond its end. */
  private byte[] damaged() throws IOException {
    byte[] disk = disk();
    int l1 = (int) ByteBuffer.wrap(disk).getLong(40);
    ByteBuffer.wrap(disk).putLong(l1, 1L << 63 | 1L << 40);
    return disk;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faults")
  void ofSeveralFaultsTheOneThatExplainsTheOthersIsTold(String what, String message, Fault fault)
      throws Exception {
    requireRefused(fault.in(this), message);
  }

  @ParameterizedTest
  @ValueSource(chars = {'1', '2', '3', '4', '5', '6', 'V', 'M'})
  void onlyFilesAreMembersWhateverTheyAreCalled(char type) throws Exception {
    for (String name : List.of("disk.qcow2", "unknown")) {
      Path archive = directory.resolve("bad.boxlite");
      Files.write(archive, join(manifestOf(SOUND, ""), header(name, type, 0), end()));
      assertThatThrownBy(() -> importArchive(archive, "back"))
          .isInstanceOf(RefusedTransferException.class)
          .hasMessageContaining("'" + name + "'");
    }
    assertThat(list("staging")).isEmpty();
  }

  @Test
  void aContiguousFileIsAFile() throws Exception {
    byte[] disk = disk();
    Path archive = directory.resolve("contiguous.boxlite");
    Files.write(
        archive, join(manifestOf(SOUND, ""), header("disk.qcow2", '7', disk.length), disk, end()));
    importArchive(archive, "back").reads(at(1, 3), at(0, 0));
  }

  /** A name that is taken is told before gigabytes are read. */
  @Test
  void aTakenNameIsToldBeforeTheArchiveIsRead() throws Exception {
    create("taken");
    ReadableByteChannel never =
        new ReadableByteChannel() {
          @Override
          public int read(ByteBuffer into) {
            throw new AssertionError("the archive was read");
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    assertThatThrownBy(() ->
            home.importArchive(
                new ArchiveSource.FromChannel(never),
                "taken",
                IntakeLimits.DEFAULT,
                new JobControl()))
        .isInstanceOf(NameTakenException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--format=gnu",
        "--format=posix --sparse-version=0.0",
        "--format=posix --sparse-version=0.1",
        "--format=posix --sparse-version=1.0"
      })
  void aDiskWithHolesThatGnuTarPackedIsTheSameDisk(String form) throws Exception {
    Path folder = Files.createDirectory(directory.resolve("packed"));
    Path disk = folder.resolve("disk.qcow2");
    qemu.create(disk, "preallocation=metadata", DISK_BYTES);
    qemu.io(disk, at(1, 3).writing(), at(6, 4).writing());
    Files.write(folder.resolve("manifest.json"), manifest(SOUND, digest(disk)));
    List<String> arguments = new ArrayList<>(List.of("--sparse", "--zstd"));
    arguments.addAll(List.of(form.split(" ")));
    arguments.addAll(List.of("-cf", "../packed.boxlite", "manifest.json", "disk.qcow2"));
    HostProgram.run(folder, "tar", arguments.toArray(String[]::new));
    BoxUnderTest back = importArchive(directory.resolve("packed.boxlite"), "back");
    back.reads(at(0, 0), at(1, 3), at(6, 4), at(7, 0));
    assertThat(Files.size(disk)).isGreaterThan(Files.size(directory.resolve("packed.boxlite")));
  }

  /** Its own flattening sets no copied flags, which checks call corruptions. */
  @Test
  void aDiskThatBoxliteFlattenedIsABoxAndASoundImage() throws Exception {
    Map<Integer, Integer> fills = Map.of(0, 0x11, 7, 0x12, 8191, 0x13, 20_000, 0x14);
    Path disk = BoxliteImage.write(directory.resolve("disk.qcow2"), 2L << 30, fills);
    assertThat(qemu.img("check", disk.toString()).exitCode()).isEqualTo(2);
    byte[] manifest = manifest(SOUND, digest(disk));
    Path archive = directory.resolve("boxlite.boxlite");
    Files.write(
        archive,
        join(
            member("manifest.json", manifest),
            member("disk.qcow2", Files.readAllBytes(disk)),
            end()));

    importArchive(archive, "back");

    assertThat(home.check(false, new JobControl()).lines()).isEmpty();
    Path back = home.path("back", ROOT);
    qemu.img("compare", "-s", disk.toString(), back.toString()).orFail();
  }

  @Test
  void aManifestWithoutTheDigestOfAGuestThatIsNotThereIsRead() throws Exception {
    String manifest = new String(manifest(SOUND, ""), UTF_8);
    String without = manifest.replace("\"guest_disk_checksum\": \"\",", "");
    assertThat(without).isNotEqualTo(manifest);
    byte[] archive =
        join(member("manifest.json", without.getBytes(UTF_8)), member("disk.qcow2", disk()), end());
    importArchive(Files.write(directory.resolve("short.boxlite"), archive), "back").reads(at(1, 3));
  }

  private static String digest(Path file) throws Exception {
    Path folder = file.toAbsolutePath().getParent();
    return "sha256:"
        + HostProgram.run(folder, "sha256sum", file.getFileName().toString()).split(" ", 2)[0];
  }

  /**
   * A secret's value is of use to whoever runs the box, and nobody else may find it in the home.
   */
  @Test
  void noSecretOfAnArchiveIsKept() throws Exception {
    String options =
        "\"version\":4, \"box_options\": {\"cpus\": 2, \"secrets\":"
            + " [{\"name\": \"key\", \"hosts\": [], \"placeholder\": \"<K>\", \"value\": \"TOPSECRET\"}]}";
    byte[] archive = join(manifestOf(options, ""), member("disk.qcow2", disk()), end());
    BoxUnderTest back =
        importArchive(Files.write(directory.resolve("secrets.boxlite"), archive), "back");
    assertThat(back.shown().carried()).contains("\"cpus\": 2", "<K>").doesNotContain("TOPSECRET");
    try (Stream<Path> files = Files.list(home.directory())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(new String(Files.readAllBytes(file), ISO_8859_1)).doesNotContain("TOPSECRET");
      }
    }
  }

  @Test
  void aNameThatNoBoxCanHaveIsToldToBeTheArchives() throws Exception {
    byte[] manifest =
        new String(manifest(SOUND, ""), UTF_8).replace("\"x\"", "\"../x\"").getBytes(UTF_8);
    byte[] archive = join(member("manifest.json", manifest), member("disk.qcow2", disk()), end());
    Path file = Files.write(directory.resolve("named.boxlite"), archive);
    assertThatThrownBy(() -> importArchive(file, null))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(
            "the archive's box name '../x' begins with a dot; give the box another one with --name");
    importArchive(file, "good").reads(at(1, 3));
  }

  @Test
  void whatIsWrongWithAManifestIsToldWithoutTheParsersInternals() throws Exception {
    for (String text : new String[] {"{\"a\": [1", "{\"a\" 1}", "[".repeat(99), "{\"a\": x}"}) {
      byte[] archive = join(member("manifest.json", text.getBytes(UTF_8)), end());
      Path file = Files.write(directory.resolve("bad.boxlite"), archive);
      assertThatThrownBy(() -> importArchive(file, "back"))
          .isInstanceOf(TransferException.class)
          .hasMessageStartingWith("Invalid manifest: ")
          .hasMessageNotContaining("Stream")
          .hasMessageNotContaining("Source");
    }
  }
}
