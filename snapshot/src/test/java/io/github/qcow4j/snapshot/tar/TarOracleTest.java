package io.github.qcow4j.snapshot.tar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.snapshot.transfer.HostProgram;
import java.io.ByteArrayOutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives from and to GNU tar. */
class TarOracleTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 11L);
  private static final String LONG_NAME = "a-name-that-is-long-".repeat(8) + ".bin";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"v7", "oldgnu", "gnu", "ustar", "posix"})
  void readsWhatGnuTarWrites(String format) throws Exception {
    Map<String, byte[]> files = new LinkedHashMap<>();
    Random random = new Random(SEED);
    files.put("manifest.json", "{}".getBytes(UTF_8));
    files.put("empty", new byte[0]);
    files.put("block", bytes(random, 512));
    files.put("odd", bytes(random, 12_345));
    files.put("grüße", bytes(random, 100));
    if (!format.equals("v7") && !format.equals("ustar")) {
      files.put(LONG_NAME, bytes(random, 3));
    }
    assertThat(Archives.read(tarOf(files, "--format=" + format))).containsExactlyEntriesOf(files);
  }

  @ParameterizedTest
  @ValueSource(strings = {"v7", "oldgnu", "gnu", "ustar", "posix --sparse"})
  void readsAFolderThatWasPackedFromInside(String format) throws Exception {
    Path inside = Files.createDirectory(folder.resolve("inside"));
    Files.writeString(inside.resolve("manifest.json"), "{}");
    Files.write(inside.resolve("disk.qcow2"), sparse("disk.qcow2", new Random(SEED), 3));
    List<String> arguments = new ArrayList<>(List.of("--create", "--file=../theirs.tar"));
    arguments.addAll(List.of(("--format=" + format).split(" ")));
    arguments.add(".");
    HostProgram.run(inside, "tar", arguments.toArray(String[]::new));
    assertThat(Archives.read(Files.readAllBytes(folder.resolve("theirs.tar"))))
        .containsOnlyKeys("manifest.json", "disk.qcow2")
        .containsEntry("manifest.json", "{}".getBytes(UTF_8))
        .containsEntry("disk.qcow2", Files.readAllBytes(inside.resolve("disk.qcow2")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--format=gnu",
        "--format=oldgnu",
        "--format=posix --sparse-version=0.0",
        "--format=posix --sparse-version=0.1",
        "--format=posix --sparse-version=1.0"
      })
  void readsSparseFilesInEveryFormOfGnuTar(String options) throws Exception {
    Random random = new Random(SEED);
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int segments : new int[] {0, 1, 3, 4, 5, 25, 26, 60}) {
      files.put("sparse-" + segments, sparse("sparse-" + segments, random, segments));
    }
    files.put("data-at-the-end", sparse("data-at-the-end", random, 2));
    String[] more = ("--sparse " + options).split(" ");
    assertThat(Archives.read(tarOf(files.keySet(), more))).containsExactlyEntriesOf(files);
  }

  @Test
  void gnuTarReadsWhatWeWrite() throws Exception {
    Random random = new Random(SEED);
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("manifest.json", "{}".getBytes(UTF_8));
    files.put("empty", new byte[0]);
    files.put("exact", bytes(random, 1024));
    files.put("odd", bytes(random, 12_345));
    files.put(LONG_NAME, bytes(random, 3));
    Files.write(folder.resolve("ours.tar"), Archives.write(files));
    Path target = Files.createDirectory(folder.resolve("target"));
    HostProgram.run(target, "tar", "--extract", "--file=../ours.tar");
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      assertThat(target.resolve(file.getKey())).hasBinaryContent(file.getValue());
    }
    assertThat(Archives.read(Files.readAllBytes(folder.resolve("ours.tar"))))
        .containsExactlyEntriesOf(files);
  }

  @Test
  void gnuTarReadsTheSizeOfAMemberThatOctalDigitsCannotTell() throws Exception {
    long size = 9L << 30;
    ByteArrayOutputStream start = new ByteArrayOutputStream();
    new TarWriter(Channels.newChannel(start), 0).begin("large", size);
    Path archive = Files.write(folder.resolve("large.tar"), start.toByteArray());
    try (FileChannel file = FileChannel.open(archive, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(1024), 512 + size);
    }
    assertThat(HostProgram.run(folder, "tar", "--list", "-v", "-f", "large.tar"))
        .contains(Long.toString(size));
  }

  private byte[] tarOf(Map<String, byte[]> files, String... options) throws Exception {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    return tarOf(files.keySet(), options);
  }

  private byte[] tarOf(Iterable<String> names, String... options) throws Exception {
    Path archive = folder.resolve("theirs.tar");
    List<String> arguments = new ArrayList<>();
    arguments.add("--create");
    arguments.add("--file=" + archive);
    arguments.addAll(List.of(options));
    names.forEach(arguments::add);
    HostProgram.run(folder, "tar", arguments.toArray(String[]::new));
    return Files.readAllBytes(archive);
  }

  private byte[] sparse(String name, Random random, int segments) throws Exception {
    Path path = folder.resolve(name);
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int i = 0; i < segments; i++) {
        file.write(ByteBuffer.wrap(bytes(random, 4096)), (2L * i + 1) << 16);
      }
      if (!name.endsWith("end")) {
        long size = (2L * segments + 1) << 16;
        // A hole at the end, of a length that is no whole block.
        try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw")) {
          raw.setLength(size + 7);
        }
      }
    }
    return Files.readAllBytes(path);
  }

  private static byte[] bytes(Random random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }
}
