package io.github.qcow4j.snapshot.tar;

import static io.github.qcow4j.snapshot.tar.Archives.end;
import static io.github.qcow4j.snapshot.tar.Archives.header;
import static io.github.qcow4j.snapshot.tar.Archives.join;
import static io.github.qcow4j.snapshot.tar.Archives.pax;
import static io.github.qcow4j.snapshot.tar.Archives.paxText;
import static io.github.qcow4j.snapshot.tar.Archives.put;
import static io.github.qcow4j.snapshot.tar.Archives.sealed;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Archives that want to do harm, or were harmed. */
class HostileTarTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 5L);
  private static final byte[] TEN = new byte[10];

  static Stream<Arguments> table() throws IOException {
    return Stream.of(
        refused("a symbolic link", join(header("disk.qcow2", '2', 0), end()), "is a symbolic link"),
        refused("a hard link", join(header("disk.qcow2", '1', 0), end()), "is a hard link"),
        refused("a directory", join(header("disks/", '5', 0), end()), "is a directory"),
        refused("a folder in the folder", join(header("./a/", '5', 0), end()), "is a directory"),
        refused("a folder with content", join(header("./", '5', 9), TEN, end()), "is a directory"),
        refused("a file with the folder's name", join(header("./", '0', 0), end()), "without"),
        refused("a link of the folder's name", join(header("./", '2', 0), end()), "symbolic link"),
        refused("the folder above it", join(header("./..", '0', 0), end()), "it is a directory"),
        refused("the folder twice over", join(header("././a", '0', 0), end()), "plain file names"),
        refused("the folder, and the root", join(header(".//a", '0', 0), end()), "plain file"),
        refused("a FIFO", join(header("f", '6', 0), end()), "is a FIFO"),
        refused("a device", join(header("f", '4', 0), end()), "is a block device"),
        refused("a volume label", join(header("f", 'V', 0), end()), "of unknown type"),
        refused("a name that climbs", join(header("../disk", '0', 0), end()), "plain file names"),
        refused("an absolute name", join(header("/etc/passwd", '0', 0), end()), "plain file names"),
        refused("a name with a folder", join(header("a/b", '0', 0), end()), "plain file names"),
        refused("the folder itself", join(header(".", '0', 0), end()), "it is a directory"),
        refused("the folder above", join(header("..", '0', 0), end()), "it is a directory"),
        refused("a name that rings", join(header("a\u0007", '0', 0), end()), "control character"),
        refused("no name", join(header("", '0', 0), end()), "without a name"),
        refused(
            "a pax name that climbs",
            join(pax("path=../../x"), header("x", '0', 0), end()),
            "plain file names"),
        refused(
            "a GNU name that climbs",
            join(header("L", 'L', 5), "../x\0".getBytes(UTF_8), header("x", '0', 0), end()),
            "plain file names"),
        refused(
            "a sparse name that climbs",
            join(pax("GNU.sparse.name=../x", "GNU.sparse.size=0"), header("x", '0', 0), end()),
            "plain file names"),
        refused(
            "a global header that renames",
            join(header("g", 'g', 9), paxText("path=x"), header("y", '0', 0), end()),
            "global header"),
        damaged(
            "a member twice", join(header("a", '0', 0), header("a", '7', 0), end()), "comes twice"),
        damaged(
            "a member twice, once in its folder",
            join(header("a", '0', 0), header("./a", '0', 0), end()),
            "comes twice"),
        damaged(
            "its folder twice", join(header("./", '5', 0), header("./", '5', 0), end()), "twice"),
        damaged(
            "an end behind a pax header of the folder",
            join(header("./", '5', 0), pax("path=a"), end()),
            "behind an extended"),
        damaged("a wrong checksum", tampered(header("a", '0', 0), 0), "checksum"),
        damaged("no checksum", tampered(header("a", '0', 0), TarHeader.CHECKSUM), "checksum"),
        damaged("random bytes", randomBytes(4096), "Invalid archive"),
        damaged("nothing at all", new byte[0], "ends early"),
        damaged("half a header", Arrays.copyOf(header("a", '0', 0), 300), "ends early"),
        damaged("no end", header("a", '0', 0), "ends early"),
        damaged("half of the end", join(header("a", '0', 0), new byte[512]), "ends early"),
        damaged(
            "one block of zeros before a member",
            join(new byte[512], header("a", '0', 0), end()),
            "behind its end"),
        damaged("something behind the end", join(end(), TEN, new byte[] {1}), "behind its end"),
        damaged("an end behind a pax header", join(pax("path=a"), end()), "behind an extended"),
        damaged("a negative size", negative(), "is negative"),
        damaged("an immense size", immense(), "beyond all numbers"),
        damaged("a size of letters", letters(), "is no number"),
        damaged(
            "a size behind the archive's end", join(header("a", '0', 99_999), end()), "ends early"),
        damaged(
            "a pax size of letters", join(pax("size=x"), header("a", '0', 0), end()), "no number"),
        damaged(
            "a pax size of nineteen nines",
            join(pax("size=9999999999999999999"), header("a", '0', 0), end()),
            "no number"),
        damaged(
            "a pax size of all that fits",
            join(pax("size=9223372036854775807"), header("a", '0', 0), end()),
            "beyond all numbers"),
        damaged("a pax record too long", paxOf("30 path=a\n"), "not as long as it says"),
        damaged("a pax record too short", paxOf("5 path=a\n"), "not as long as it says"),
        damaged("a pax record of length 0", paxOf("0 path=a\n"), "not as long as it says"),
        damaged("a pax record without length", paxOf("path=a\n"), "does not begin with its length"),
        damaged("a pax record without end", paxOf("8 path=a"), "not as long as it says"),
        damaged("a pax record without keyword", paxOf("5 =a\n"), "no keyword"),
        limit("a huge pax header", join(header("p", 'x', 2 << 20), new byte[2 << 20], end())),
        limit("a huge GNU name", join(header("p", 'L', 8L << 30), end())),
        limit("endless pax headers", endlessExtensions()),
        limit("endless zeros behind a member", join(header("a", '0', 0), new byte[4 << 20])),
        damaged("nothing but zeros", new byte[4 << 20], "begins with zeros"),
        unsupported(
            "sparse files of the future",
            join(
                pax("GNU.sparse.major=2", "GNU.sparse.minor=0", "GNU.sparse.realsize=9"),
                header("a", '0', 0),
                end())),
        damaged(
            "segments out of order",
            cocoon("[{\"o\":50,\"l\":5},{\"o\":10,\"l\":5}]", "100"),
            "out of place"),
        damaged(
            "segments over each other",
            cocoon("[{\"o\":0,\"l\":6},{\"o\":5,\"l\":4}]", "100"),
            "out of place"),
        damaged("a segment outside", cocoon("[{\"o\":95,\"l\":10}]", "100"), "out of place"),
        damaged(
            "a segment far outside",
            cocoon("[{\"o\":9223372036854775807,\"l\":10}]", "100"),
            "out of place"),
        damaged("a negative segment", cocoon("[{\"o\":-1,\"l\":10}]", "100"), "no number"),
        damaged("a segment of fractions", cocoon("[{\"o\":0.5,\"l\":10}]", "100"), "no number"),
        damaged("segments that hold less", cocoon("[{\"o\":0,\"l\":9}]", "100"), "its segments 9"),
        damaged("a map that is no list", cocoon("{}", "100"), "no list"),
        damaged("a map that is no JSON", cocoon("[{\"o\"", "100"), "sparse map"),
        damaged("a map without a size", cocoon("[{\"o\":0,\"l\":10}]", null), "has no size"),
        damaged(
            "an offset without a length",
            join(
                pax("GNU.sparse.size=20", "GNU.sparse.offset=0"), header("a", '0', 10), TEN, end()),
            "without a length"),
        damaged(
            "another number of segments",
            join(
                pax(
                    "GNU.sparse.size=20",
                    "GNU.sparse.numblocks=2",
                    "GNU.sparse.offset=0",
                    "GNU.sparse.numbytes=10"),
                header("a", '0', 10),
                TEN,
                end()),
            "has 1 segments"),
        damaged(
            "a map that never ends",
            join(
                pax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=9"),
                header("a", '0', 512),
                "9".repeat(512).getBytes(UTF_8),
                end()),
            "never ends"),
        damaged(
            "a map longer than its member",
            join(
                pax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=9"),
                header("a", '0', 512),
                "1000000000\n".repeat(50).substring(0, 512).getBytes(UTF_8),
                end()),
            "Invalid archive"));
  }

  private static Arguments refused(String what, byte[] archive, String message) {
    return Arguments.of(what, archive, RefusedTransferException.class, message);
  }

  private static Arguments damaged(String what, byte[] archive, String message) {
    return Arguments.of(what, archive, DamagedTransferException.class, message);
  }

  private static Arguments limit(String what, byte[] archive) {
    return Arguments.of(what, archive, TransferLimitException.class, "");
  }

  private static Arguments unsupported(String what, byte[] archive) {
    return Arguments.of(what, archive, UnsupportedTransferException.class, "unknown form");
  }

  private static byte[] tampered(byte[] header, int at) {
    header[at] ^= 1;
    return join(header, end());
  }

  private static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new Random(SEED).nextBytes(bytes);
    return bytes;
  }

  private static byte[] negative() {
    byte[] header = header("a", '0', 0);
    Arrays.fill(header, TarHeader.SIZE, TarHeader.SIZE + TarHeader.SIZE_BYTES, (byte) 0xFF);
    return join(sealed(header), end());
  }

  private static byte[] immense() {
    byte[] header = header("a", '0', 0);
    header[TarHeader.SIZE] = (byte) 0x80;
    Arrays.fill(header, TarHeader.SIZE + 1, TarHeader.SIZE + TarHeader.SIZE_BYTES, (byte) 0x77);
    return join(sealed(header), end());
  }

  private static byte[] letters() {
    byte[] header = header("a", '0', 0);
    put(header, TarHeader.SIZE, "0000000001x");
    return join(sealed(header), end());
  }

  private static byte[] paxOf(String text) {
    return join(header("p", 'x', text.length()), text.getBytes(UTF_8), header("a", '0', 0), end());
  }

  private static byte[] endlessExtensions() {
    byte[] all = new byte[0];
    for (int i = 0; i < 20; i++) {
      all = join(all, pax("comment=x"));
    }
    return join(all, header("a", '0', 0), end());
  }

  private static byte[] cocoon(String map, String size) {
    byte[] records =
        size == null
            ? pax("COCOON.sparse.map=" + map)
            : pax("COCOON.sparse.map=" + map, "COCOON.sparse.size=" + size);
    return join(records, header("cow.raw", '0', 10), TEN, end());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void everyHarmHasItsOwnAnswer(
      String what, byte[] archive, Class<? extends TransferException> kind, String message) {
    assertThatThrownBy(() -> Archives.read(archive))
        .isInstanceOf(kind)
        .hasMessageContaining(message);
  }

  @Test
  void theSparseFilesOfCocoonAreReadRight() throws IOException {
    byte[] archive = cocoon("[{\"o\":10,\"l\":4},{\"o\":20,\"l\":6},{\"o\":30,\"l\":0}]", "30");
    for (int i = 0; i < 10; i++) {
      archive[archive.length - 1024 - 512 + i] = (byte) ('a' + i);
    }
    byte[] file = new byte[30];
    put(file, 10, "abcd");
    put(file, 20, "efghij");
    assertThat(Archives.read(archive)).containsOnlyKeys("cow.raw").containsEntry("cow.raw", file);
  }

  @Test
  void anArchiveCutAnywhereIsDamaged() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("manifest.json", "{}".getBytes(UTF_8));
    files.put("x".repeat(120), randomBytes(700));
    files.put("empty", new byte[0]);
    byte[] whole = Archives.write(files);
    assertThat(Archives.read(whole)).containsExactlyEntriesOf(files);
    for (int length = 0; length < whole.length; length += length % 512 == 0 ? 1 : 511) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThat(catchThrowable(() -> Archives.read(cut)))
          .as("cut after %d bytes", length)
          .isInstanceOf(DamagedTransferException.class);
    }
  }

  @Test
  void flippedBytesAreReadOrRefusedButNeverAnythingElse() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("manifest.json", "{}".getBytes(UTF_8));
    files.put("x".repeat(120), randomBytes(700));
    byte[] whole = Archives.write(files);
    Random random = new Random(SEED);
    for (int at = 0; at < whole.length; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= (byte) (1 << random.nextInt(8));
      Throwable failure = catchThrowable(() -> Archives.read(flipped));
      if (failure != null) {
        assertThat(failure).as("seed %d, byte %d", SEED, at).isInstanceOf(TransferException.class);
      }
    }
  }

  @Test
  void anArchiveThatExpandsTooFarIsStopped() {
    byte[] archive = join(header("a", '0', 4096), new byte[4096], end());
    TarReader reader = new TarReader(Channels.newChannel(new ByteArrayInputStream(archive)), 2048);
    assertThatThrownBy(() -> reader.readSmall(reader.next(), 4096))
        .isInstanceOf(TransferLimitException.class)
        .hasMessageContaining("expands to more than 2048 bytes");
  }
}
