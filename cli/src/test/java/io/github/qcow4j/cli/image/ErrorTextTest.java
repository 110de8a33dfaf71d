package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Wrong arguments and files that cannot be opened are answered as qemu-img answers them. */
final class ErrorTextTest {

  @TempDir static Path directory;

  @BeforeAll
  static void makeImages() throws IOException {
    QemuTools.require();
    Workbench bench = Workbench.in(directory);
    bench.image("whole.qcow2", "", 1 << 20);
    bench.overlay("over.qcow2", "", "whole.qcow2");
    bench.image("one.qcow2", "", 1 << 20);
    bench.overlay("two.qcow2", "", "one.qcow2");
    bench.overlay("three.qcow2", "", "two.qcow2");
    bench.overlay("four.qcow2", "", "three.qcow2");
    Files.delete(directory.resolve("one.qcow2"));
    makeTornSnapshot(bench);
    makeTooMuchExtra(bench);
    makeOverhanging(bench);
    Files.createDirectory(directory.resolve("folder"));
    Files.createSymbolicLink(directory.resolve("loop"), Path.of("loop"));
    Files.write(directory.resolve("text"), new byte[] {1, 2, 3});
    Files.write(directory.resolve("empty"), new byte[0]);
  }

  /** An image whose snapshot says that its L1 table begins between two clusters. */
  private static void makeTornSnapshot(Workbench bench) throws IOException {
    Path torn = bench.image("torn.qcow2", "", 1 << 20);
    QemuTools.require().img("snapshot", "-c", "lost", torn.toString()).orFail();
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(torn));
    int snapshotTable = (int) bytes.getLong(64);
    bytes.putLong(snapshotTable, 0x400200);
    Files.write(torn, bytes.array());
  }

  /** An image whose snapshot has one byte more of extra data than it may have. */
  private static void makeTooMuchExtra(Workbench bench) throws IOException {
    Path image = bench.image("extra.qcow2", "", 1 << 20);
    QemuTools.require().img("snapshot", "-c", "long", image.toString()).orFail();
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(image));
    bytes.putInt((int) bytes.getLong(64) + 36, 1025);
    Files.write(image, bytes.array());
  }

  /** An image with 600 snapshots whose names are so long that not all fit into the table. */
  private static void makeOverhanging(Workbench bench) throws IOException {
    int entryBytes = 131_128;
    Path image = bench.image("overhang.qcow2", "", 1 << 20);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength((1 << 20) + 600L * entryBytes);
      file.seek(60);
      file.writeInt(600);
      file.writeLong(1 << 20);
      for (long entry = 0; entry < 600; entry++) {
        file.seek((1 << 20) + entry * entryBytes + 12);
        file.writeInt(0xFFFF_FFFF);
        file.seek((1 << 20) + entry * entryBytes + 36);
        file.writeInt(16);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "foo",
        "--foo",
        "-x",
        "info",
        "info @whole.qcow2 @text",
        "info -z @whole.qcow2",
        "info --output=xx @whole.qcow2",
        "info --output",
        "info -f nope @whole.qcow2",
        "info -f '' @whole.qcow2",
        "info ''",
        "info foo:bar",
        "info file:no:such",
        "info file:@missing",
        "info @missing",
        "info -f raw @missing",
        "info -f qcow2 @text",
        "info -f qcow2 @empty",
        "info @folder",
        "info @loop",
        "info @text/below",
        "info @two.qcow2",
        "info --backing-chain @two.qcow2",
        "info --backing-chain --output=json @three.qcow2",
        "info --image-opts @whole.qcow2",
        "info --image-opts driver=qcow2",
        "info --image-opts filename=@whole.qcow2",
        "info --image-opts driver=qcow2,filename=@whole.qcow2",
        "info --image-opts driver=nope,file.filename=@whole.qcow2",
        "info --image-opts driver=qcow2,file.filename=@whole.qcow2,foo=bar",
        "info --image-opts driver=qcow2,file.filename=@missing",
        "info --image-opts -f qcow2 driver=qcow2,file.filename=@whole.qcow2",
        "info --object foo @whole.qcow2",
        "info --object '' @whole.qcow2",
        "info --object , @whole.qcow2",
        "info --object id=5 @whole.qcow2",
        "info --object secret @whole.qcow2",
        "info --object secret,id=a @whole.qcow2",
        "info --object secret,id= @whole.qcow2",
        "info --object secret,id=1a,data=b @whole.qcow2",
        "info --object secret,id=a,data @whole.qcow2",
        "info --object secret,id=a,data=b,file=c @whole.qcow2",
        "info --object secret,id=a,data=b,foo=1 @whole.qcow2",
        "info --object secret,id=a,data=b,format=zork @whole.qcow2",
        "info --object secret,id=a,data=b,keyid=k @whole.qcow2",
        "info --object secret,id=a,data=b --object secret,id=a,data=b @whole.qcow2",
        "info --object secret,,id=a @whole.qcow2",
        "info --object { @whole.qcow2",
        "info --object secret,id=a,data=b @missing",
        "info --object secret,id=a,data=b,,c @missing",
        "info --object {'qom-type':'secret','id':'a','data':'b'} @missing",
        "info json:{",
        "info json:{}",
        "info json:[]",
        "info json:{'filename':'@whole.qcow2'}",
        "info json:{'driver':'qcow2'}",
        "info json:{'driver':'qcow2','file':'n'}",
        "info json:{'driver':'zork','file.filename':'@whole.qcow2'}",
        "info json:{'driver':'qcow2','file':{'driver':'file','filename':'@missing'}}",
        "info json:{'driver':'qcow2','file.filename':'@whole.qcow2','foo':1}",
        "info json:{'driver':'qcow2','file':{'filename':'@whole.qcow2','foo':1}}",
        "info --image-opts driver=qcow2,file.filename=@whole.qcow2,read-only=foo",
        "info --image-opts driver=qcow2,file.filename=@whole.qcow2,lazy-refcounts=foo",
        "info --image-opts driver=qcow2,file.filename=@whole.qcow2,file.foo=bar",
        "info --image-opts driver=qcow2,file.filename=file:@whole.qcow2",
        "map @two.qcow2",
        "map @three.qcow2",
        "map @four.qcow2",
        "map --output=json @four.qcow2",
        "map -s x @whole.qcow2",
        "map -l -5 @whole.qcow2",
        "rebase",
        "rebase a b",
        "rebase @over.qcow2",
        "rebase -b x",
        "rebase -b whole.qcow2 @over.qcow2",
        "rebase -u -b whole.qcow2 @over.qcow2",
        "rebase -b nope @over.qcow2",
        "rebase -b nope -F raw @over.qcow2",
        "rebase -b three.qcow2 -F qcow2 @over.qcow2",
        "rebase -b whole.qcow2 -F nope @over.qcow2",
        "rebase -u -b whole.qcow2 -F nope @over.qcow2",
        "rebase -u -F '' -b whole.qcow2 @over.qcow2",
        "rebase -b whole.qcow2 -F qcow2 @missing",
        "rebase -u -b '' @missing",
        "rebase -t foo -b whole.qcow2 -F qcow2 @over.qcow2",
        "rebase -T foo -b whole.qcow2 -F qcow2 @over.qcow2",
        "rebase -b whole.qcow2 -F qcow2 @three.qcow2",
        "rebase -f raw -b '' @text",
        "rebase -f raw -b whole.qcow2 -F qcow2 @text",
        "rebase -f raw -b whole.qcow2 @text",
        "rebase -f raw -u -b x @text",
        "rebase -f raw -u -b x -F nope @text",
        "rebase -f raw -u @text",
        "rebase -b over.qcow2 -F qcow2 @over.qcow2",
        "rebase -b whole.qcow2 -F qcow2 -f nope @over.qcow2",
        "rebase -b whole.qcow2 -F qcow2 --image-opts driver=qcow2,file.filename=@missing",
        "rebase -b whole.qcow2 -F qcow2 @over.qcow2",
        "rebase -b '' -F nope @over.qcow2",
        "rebase -u -b whole.qcow2 -F qcow2 @over.qcow2",
        "snapshot -l @two.qcow2",
        "snapshot",
        "snapshot -l -l @whole.qcow2",
        "commit",
        "commit a b",
        "commit @missing",
        "commit @whole.qcow2",
        "commit @three.qcow2",
        "commit -f raw @text",
        "commit -t foo @whole.qcow2",
        "commit -t foo @missing",
        "commit -b nope @whole.qcow2",
        "commit -b '' @over.qcow2",
        "commit -b nope @over.qcow2",
        "commit -b over.qcow2 @over.qcow2",
        "commit -r x @over.qcow2",
        "commit --image-opts -f qcow2 driver=qcow2,file.filename=@over.qcow2",
        "commit --object foo @over.qcow2",
        "commit -x @over.qcow2",
        "commit -d @over.qcow2",
        "commit -q @over.qcow2",
        "commit -b whole.qcow2 @over.qcow2",
        "compare",
        "compare @whole.qcow2",
        "compare @whole.qcow2 @missing",
        "compare @missing @whole.qcow2",
        "compare @whole.qcow2 @three.qcow2",
        "compare -F nope @whole.qcow2 @text",
        "compare -T foo @whole.qcow2 @text",
        "check",
        "check @missing",
        "check @text",
        "check -r foo @whole.qcow2",
        "check -T foo @whole.qcow2",
        "check --output=x @whole.qcow2",
        "measure",
        "measure a b",
        "measure --size 1G @whole.qcow2",
        "measure -l x --size 1G",
        "measure -O nope --size 1G",
        "measure -O qcow2 -o foo=1 --size 1G",
        "measure -O qcow2 -o cluster_size=3 --size 1G",
        "measure -O qcow2 -o refcount_bits=x --size 1G",
        "measure -O qcow2 -o lazy_refcounts=maybe --size 1G",
        "measure -O qcow2 --size 100P",
        "info @extra.qcow2",
        "map @extra.qcow2",
        "snapshot -l @extra.qcow2",
        "convert @extra.qcow2 @target",
        "amend -o lazy_refcounts=on @extra.qcow2",
        "info @overhang.qcow2",
        "compare @overhang.qcow2 @whole.qcow2",
        "measure @two.qcow2",
        "convert",
        "convert @whole.qcow2",
        "convert @missing @target",
        "convert @three.qcow2 @target",
        "convert -n @whole.qcow2 @missing",
        "convert -n @whole.qcow2 @text",
        "convert -O nope @whole.qcow2 @target",
        "convert -c -O raw @whole.qcow2 @target",
        "convert -o foo=bar @whole.qcow2 @target",
        "convert -m 0 @whole.qcow2 @target",
        "convert -m x @whole.qcow2 @target",
        "convert -S 3 @whole.qcow2 @target",
        "convert -S x @whole.qcow2 @target",
        "convert -T foo @whole.qcow2 @target",
        "convert -r x @whole.qcow2 @target",
        "convert -l nope @whole.qcow2 @target",
        "convert -l snapshot.foo=1 @whole.qcow2 @target",
        "convert -l lost @torn.qcow2 @target",
        "measure -l lost @torn.qcow2",
        "convert -l x @whole.qcow2 @text @target",
        "convert -l x @text @target",
        "convert -C -S 4k @whole.qcow2 @target",
        "convert -C -c @whole.qcow2 @target",
        "convert -C --salvage @whole.qcow2 @target",
        "convert --target-is-zero @whole.qcow2 @target",
        "convert --target-image-opts @whole.qcow2 driver=raw,file.filename=@target",
        "convert --bitmaps @whole.qcow2 @target",
        "convert --skip-broken-bitmaps @whole.qcow2 @target",
        "convert -n -o preallocation=full @whole.qcow2 @target",
        "convert @whole.qcow2 @folder/none/target",
        "convert @whole.qcow2 @folder",
        "convert @whole.qcow2 @whole.qcow2",
      })
  void isWhatQemuImgSays(String line) throws IOException {
    List<String> arguments = arguments(line);
    ToolRun theirs = QemuTools.require().img(arguments);
    Files.deleteIfExists(directory.resolve("target"));
    OurRun ours = OurRun.asQemuImg(arguments);

    assertThat(ours.stderr()).isEqualTo(theirs.stderr());
    assertThat(ours.stdout()).isEqualTo(theirs.stdout());
    assertThat(ours.exitCode()).isEqualTo(theirs.exitCode());
    assertThat(directory.resolve("target")).doesNotExist();
  }

  @Test
  void asItselfTheProgramAlsoSaysWhereInTheImageSomethingIsWrong() {
    Path image =
        Workbench.in(directory)
            .file("magic.qcow2", new byte[] {'Q', 'F', 'I', (byte) 0xFB, 0, 0, 0, 3});
    OurRun run = OurRun.asQcow4j("info", "-f", "qcow2", image.toString());

    assertThat(run.stderr())
        .isEqualTo(
            "qcow4j: Could not open '"
                + image
                + "': qcow2 header too short (header, offset 0x8)\n");
  }

  @Test
  void whatACheckCanPutRightIsToldByTheNameThatTheProgramIsCalledBy() {
    OurRun run = OurRun.asQcow4j("info", directory.resolve("extra.qcow2").toString());

    assertThat(run.stderr())
        .endsWith("\nYou can force-remove this extra metadata with qcow4j check -r all\n");
  }

  @Test
  void aNameThatTheShellGaveInOtherBytesThanUtf8IsRefusedAndNotTakenForAnother() {
    OurRun run = OurRun.asQemuImg("info", directory.resolve("a\uFFFDb").toString());

    assertThat(run.stderr()).startsWith("qemu-img: ").endsWith("': The name is not UTF-8\n");
    assertThat(run.exitCode()).isEqualTo(1);
  }

  /** An argument with {@code @} names a file of the directory. */
  private static List<String> arguments(String line) {
    List<String> arguments = new ArrayList<>();
    for (String word : line.split(" ", -1)) {
      if (!word.isEmpty()) {
        arguments.add(word.equals("''") ? "" : word.replace("@", directory + "/"));
      }
    }
    return arguments;
  }
}
