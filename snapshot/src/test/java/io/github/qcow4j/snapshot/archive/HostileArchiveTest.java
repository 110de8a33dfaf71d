package io.github.qcow4j.snapshot.archive;

import static io.github.qcow4j.snapshot.archive.Boxlite.VOLUME;
import static io.github.qcow4j.snapshot.tar.Archives.end;
import static io.github.qcow4j.snapshot.tar.Archives.header;
import static io.github.qcow4j.snapshot.tar.Archives.join;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveRequest.ArchivedDisk;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.tar.Archives;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import io.github.qcow4j.snapshot.transfer.Sha256;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Archives that want to do harm, or were harmed; whatever it is, nothing of them is left. Long by
 * its table, in which each harm has a few lines and its own answer, and which is read as a whole.
 */
class HostileArchiveTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 17L);
  private static final int CLUSTER = 1 << 16;

  @TempDir Path folder;
  private Path staging;

  @BeforeEach
  void prepare() throws IOException {
    staging = Files.createDirectory(folder.resolve("staging"));
  }

  /** A sound disk of one MiB with some data. */
  private byte[] disk() throws IOException {
    Path path = folder.resolve("disk.qcow2");
    Files.deleteIfExists(path);
    ImageCreation.create(VOLUME, path, ImageSpec.ofSize(1 << 20));
    Path source = folder.resolve("written.qcow2");
    Files.copy(path, source, StandardCopyOption.REPLACE_EXISTING);
    try (DiskImage image =
        DiskImages.open(
            VOLUME,
            source,
            ReferencePolicy.deny(),
            ImageOptions.of(ImageFormat.QCOW2).withWriting())) {
      byte[] data = new byte[CLUSTER];
      new Random(SEED).nextBytes(data);
      image.write(3 * CLUSTER, ByteBuffer.wrap(data));
    }
    return Files.readAllBytes(source);
  }

  private static byte[] changed(byte[] disk, int offset, int value) {
    byte[] changed = disk.clone();
    ByteBuffer.wrap(changed).putInt(offset, value);
    return changed;
  }

  private static byte[] archive(String manifest, byte[] disk) throws IOException {
    Map<String, byte[]> members = new LinkedHashMap<>();
    members.put("manifest.json", manifest.getBytes(UTF_8));
    members.put("disk.qcow2", disk);
    return Archives.write(members);
  }

  /** Around a disk, its right digest in the manifest. */
  private static byte[] around(byte[] disk) throws IOException {
    Sha256 digest = new Sha256();
    digest.add(ByteBuffer.wrap(disk));
    return archive(Boxlite.manifest(3, digest.text(), ""), disk);
  }

  private StagedArchive stage(byte[] archive) throws IOException {
    return stage(Channels.newChannel(new ByteArrayInputStream(archive)));
  }

  private StagedArchive stage(ReadableByteChannel channel) throws IOException {
    return ArchiveIntake.stage(
        new ArchiveSource.FromChannel(channel),
        new Staging(VOLUME, staging),
        new IntakeLimits(1L << 30),
        new JobControl());
  }

  /** Makes an archive that is to be refused. */
  private interface Harm {
    byte[] of(HostileArchiveTest test) throws Exception;
  }

  static Stream<Arguments> harms() {
    return Stream.of(
        harm("nothing", DamagedTransferException.class, "only 0 bytes", t -> new byte[0]),
        harm("three bytes", DamagedTransferException.class, "only 3 bytes", t -> new byte[3]),
        harm(
            "gzip",
            UnsupportedTransferException.class,
            "gzip",
            t -> new byte[] {0x1F, (byte) 0x8B, 8, 0, 0}),
        harm(
            "no manifest",
            DamagedTransferException.class,
            "manifest.json is not in it",
            t -> Archives.write(Map.of("disk.qcow2", t.disk()))),
        harm(
            "a manifest that is no JSON",
            DamagedTransferException.class,
            "Invalid manifest",
            t -> archive("{", t.disk())),
        harm(
            "a manifest that is a list",
            DamagedTransferException.class,
            "not an object",
            t -> archive("[]", t.disk())),
        harm(
            "a manifest that names a key twice",
            DamagedTransferException.class,
            "Duplicate",
            t -> archive("{\"version\":3,\"version\":3}", t.disk())),
        harm(
            "a manifest that nests too deep",
            TransferLimitException.class,
            "depth",
            t -> archive("[".repeat(100_000), t.disk())),
        harm(
            "a manifest too large",
            TransferLimitException.class,
            "allowed are",
            t -> archive(" ".repeat(5 << 20), t.disk())),
        harm(
            "a manifest without a version",
            DamagedTransferException.class,
            "'version'",
            t -> archive("{}", t.disk())),
        harm(
            "a version of text",
            DamagedTransferException.class,
            "'version'",
            t -> archive("{\"version\":\"3\"}", t.disk())),
        harm(
            "a version of the future",
            UnsupportedTransferException.class,
            "version 6",
            t -> archive(Boxlite.manifest(6, "", ""), t.disk())),
        harm(
            "no key for the disk",
            DamagedTransferException.class,
            "container_disk_checksum",
            t ->
                archive(
                    Boxlite.manifest(3, "", "").replace("container_disk_checksum", "other"),
                    t.disk())),
        harm(
            "a digest of the guest's disk that is a number",
            DamagedTransferException.class,
            "guest_disk_checksum",
            t ->
                archive(
                    Boxlite.manifest(3, "", "")
                        .replace("\"guest_disk_checksum\": \"\"", "\"guest_disk_checksum\": 0"),
                    t.disk())),
        harm(
            "options that are a list",
            DamagedTransferException.class,
            "box_options",
            t -> archive(Boxlite.manifest(3, "", "\"box_options\":[1],"), t.disk())),
        harm(
            "no disk",
            DamagedTransferException.class,
            "disk.qcow2 is not in it",
            t ->
                Archives.write(
                    Map.of("manifest.json", Boxlite.manifest(3, "", "").getBytes(UTF_8)))),
        harm(
            "a digest of something else",
            DamagedTransferException.class,
            "Checksum",
            t -> archive(Boxlite.manifest(3, "sha256:" + "0".repeat(64), ""), t.disk())),
        harm(
            "a digest of another kind",
            DamagedTransferException.class,
            "no SHA-256",
            t -> archive(Boxlite.manifest(3, "md5:00", ""), t.disk())),
        harm(
            "a disk that is text",
            DamagedTransferException.class,
            "not a qcow2",
            t -> around("text".repeat(1000).getBytes(UTF_8))),
        harm(
            "a disk that is empty",
            DamagedTransferException.class,
            "not a qcow2",
            t -> around(new byte[0])),
        harm(
            "a disk that is short",
            DamagedTransferException.class,
            "not a qcow2",
            t -> around(Arrays.copyOf(t.disk(), 60))),
        harm(
            "a disk over a backing file",
            RefusedTransferException.class,
            "backing file",
            t -> around(changed(t.disk(), HeaderField.BACKING_FILE_OFFSET + 4, 512))),
        harm(
            "a disk with a data file",
            RefusedTransferException.class,
            "another file",
            t -> around(changed(t.disk(), HeaderField.INCOMPATIBLE_FEATURES + 4, 4))),
        harm(
            "a disk that needs the future",
            UnsupportedTransferException.class,
            "cannot be used",
            t -> around(changed(t.disk(), HeaderField.INCOMPATIBLE_FEATURES, 1 << 20))),
        harm(
            "an encrypted disk",
            UnsupportedTransferException.class,
            "encryption",
            t -> around(changed(t.disk(), HeaderField.CRYPT_METHOD, 1))),
        harm(
            "a disk too large",
            TransferLimitException.class,
            "--max-size",
            t -> around(changed(t.disk(), HeaderField.SIZE, 1))),
        harm(
            "a disk of negative size",
            TransferLimitException.class,
            "--max-size",
            t -> around(changed(t.disk(), HeaderField.SIZE, 0x80000000))),
        harm(
            "a disk of impossible clusters",
            DamagedTransferException.class,
            "not a qcow2",
            t -> around(changed(t.disk(), HeaderField.CLUSTER_BITS, 40))),
        harm(
            "a file longer than any of its disk",
            TransferLimitException.class,
            "at most",
            t -> around(Arrays.copyOf(t.disk(), 40 << 20))),
        harm(
            "a disk whose table leads out",
            DamagedTransferException.class,
            "damaged",
            t -> around(changed(t.disk(), HeaderField.L1_TABLE_OFFSET + 4, 1 << 30))),
        harm(
            "a disk that is marked corrupt",
            DamagedTransferException.class,
            "marked-corrupt",
            t -> around(changed(t.disk(), HeaderField.INCOMPATIBLE_FEATURES + 4, 2))),
        harm(
            "a disk whose L1 table lies over its header",
            DamagedTransferException.class,
            "damaged",
            t -> around(changed(t.disk(), HeaderField.L1_TABLE_OFFSET + 4, 0))),
        harm(
            "a sparse disk that is all hole",
            DamagedTransferException.class,
            "not a qcow2",
            t -> join(sparseHeader("disk.qcow2", 1L << 29, 0), end())),
        harm(
            "a sparse disk of an exabyte",
            TransferLimitException.class,
            "at most",
            t -> join(sparseHeader("disk.qcow2", 1L << 60, 512), Arrays.copyOf(t.disk(), 512))),
        harm(
            "a link in place of the disk",
            RefusedTransferException.class,
            "symbolic link",
            t -> join(header("disk.qcow2", '2', 0), end())),
        harm(
            "the disk twice",
            DamagedTransferException.class,
            "comes twice",
            t ->
                join(
                    header("disk.qcow2", '0', t.disk().length),
                    t.disk(),
                    header("disk.qcow2", '0', t.disk().length),
                    t.disk(),
                    end())),
        harm(
            "a member that nobody knows, and large",
            TransferLimitException.class,
            "nobody knows",
            t -> join(sparseHeader("other", 1L << 50, 0), end())),
        harm(
            "a frame that wants two gigabytes",
            TransferLimitException.class,
            "128 MiB",
            t -> new byte[] {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, (byte) (21 << 3), 1, 0, 0}),
        harm(
            "a frame of nonsense",
            DamagedTransferException.class,
            "zstd frame is damaged",
            t -> new byte[] {0x28, (byte) 0xB5, 0x2F, (byte) 0xFD, 0, 0, 7, 0, 0, 0, 0}),
        harm(
            "an lz4 frame of nonsense",
            DamagedTransferException.class,
            "lz4 frame is damaged",
            t -> new byte[] {4, 0x22, 0x4D, 0x18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  }

  private static Arguments harm(
      String what, Class<? extends TransferException> kind, String message, Harm harm) {
    return Arguments.of(what, kind, message, harm);
  }

  private static byte[] sparseHeader(String name, long realSize, int firstBytes) {
    return Archives.oldSparse(name, realSize, firstBytes);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("harms")
  void everyHarmHasItsOwnAnswerAndLeavesNothing(
      String what, Class<? extends TransferException> kind, String message, Harm harm)
      throws Exception {
    byte[] archive = harm.of(this);
    assertThatThrownBy(() -> stage(archive)).isInstanceOf(kind).hasMessageContaining(message);
    assertThat(staging).isEmptyDirectory();
  }

  @Test
  void theSoundArchiveThatAllTheseAreMadeOfIsTaken() throws IOException {
    assertThat(stage(around(disk())).disks()).hasSize(1);
  }

  @Test
  void anArchiveThatIsNotThereIsNotFound() {
    assertThatThrownBy(() -> Boxlite.stage(folder.resolve("gone"), staging))
        .isInstanceOf(NoSuchFileException.class);
  }

  private byte[] exported(Compression compression) throws IOException {
    disk();
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    try (DiskImage image = Boxlite.open(folder.resolve("written.qcow2"))) {
      BoxArchives.export(
          Boxlite.request(compression, new ArchivedDisk("root", image)),
          new ArchiveDestination.ToChannel(Channels.newChannel(archive)),
          new JobControl());
    }
    return archive.toByteArray();
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void anArchiveCutAnywhereIsDamagedAndLeavesNothing(Compression compression) throws Exception {
    byte[] whole = exported(compression);
    for (int length = 0; length < whole.length; length += length % 512 == 0 ? 1 : 511) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThat(catchThrowable(() -> stage(cut)))
          .as("%s cut after %d of %d bytes", compression, length, whole.length)
          .isInstanceOf(DamagedTransferException.class);
      assertThat(staging).isEmptyDirectory();
    }
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void aFlippedBitIsNoticedOrChangesNoByteOfTheDisk(Compression compression) throws Exception {
    byte[] whole = exported(compression);
    Path disk = stage(whole).disks().getFirst().path();
    byte[] right = Files.readAllBytes(disk);
    Files.delete(disk);
    Random random = new Random(SEED);
    for (int i = 0; i < 400; i++) {
      byte[] flipped = whole.clone();
      int at = i < 200 ? i * 8 % whole.length : random.nextInt(whole.length);
      flipped[at] ^= (byte) (1 << random.nextInt(8));
      try {
        Path taken = stage(flipped).disks().getFirst().path();
        assertThat(Files.readAllBytes(taken)).as("seed %d, byte %d", SEED, at).isEqualTo(right);
        Files.delete(taken);
      } catch (TransferException e) {
        assertThat(staging).isEmptyDirectory();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void aSourceThatFailsIsNoDamagedArchive(Compression compression) throws Exception {
    byte[] whole = exported(compression);
    for (int length : new int[] {4, 600, whole.length / 2, whole.length - 1}) {
      IOException failure = new IOException("the cable is out");
      ByteBuffer rest = ByteBuffer.wrap(whole, 0, length);
      assertThatThrownBy(() -> stage(new FailingChannel(rest, failure))).isSameAs(failure);
      assertThat(staging).isEmptyDirectory();
    }
  }

  /** Gives some bytes, and then fails. */
  private record FailingChannel(ByteBuffer bytes, IOException failure)
      implements ReadableByteChannel {

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (!bytes.hasRemaining()) {
        throw failure;
      }
      int count = Math.min(target.remaining(), bytes.remaining());
      target.put(bytes.slice(bytes.position(), count));
      bytes.position(bytes.position() + count);
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  void namesThatAreTakenInTheStagingDirectoryStay() throws IOException {
    Path mine = Files.writeString(staging.resolve("disk.qcow2"), "mine");
    byte[] archive = around(disk());
    assertThatThrownBy(() -> stage(archive)).isInstanceOf(FileAlreadyExistsException.class);
    assertThat(mine).hasContent("mine");
  }
}
