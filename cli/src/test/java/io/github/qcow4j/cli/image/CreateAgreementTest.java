package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.HeldImage;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code create} says what qemu-img says, and makes an image of which qemu-img says what it says of
 * its own.
 */
final class CreateAgreementTest {

  private static final QemuTools QEMU = QemuTools.require();

  @TempDir static Path directory;

  @BeforeAll
  static void makeBases() throws IOException {
    Workbench bench = Workbench.in(directory);
    bench.image("base.qcow2", "", 3 << 20, "write -P 1 0 64k");
    bench.file("base.raw", new byte[70_000]);
    bench.overlay("broken.qcow2", "", "base.qcow2");
    QEMU.in(directory).img("rebase", "-u", "-b", "gone", "-F", "raw", "broken.qcow2").orFail();
    Files.createDirectory(directory.resolve("folder"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "@x 1M",
        "@x 0",
        "@x 1",
        "@x 1023",
        "@x 1.5M",
        "@x 0x10000",
        "@x 3G",
        "-q @x 1M",
        "-f raw @x 1M",
        "-f raw @x 1000",
        "-f raw -o size=1M @x",
        "-f raw -o preallocation=falloc @x 1M",
        "-f raw -o preallocation=full @x 1M",
        "-f raw -o preallocation=off @x 1M",
        "-f raw -o nocow=on @x 1M",
        "-f raw -o extent_size_hint=64k @x 1M",
        "-f qcow2 @x 1M",
        "-f qcow2 @x 0",
        "-f qcow2 @x 1",
        "-f qcow2 @x 1023",
        "-f qcow2 @x 3G",
        "-f qcow2 @x 1T",
        "-f qcow2 file:@x 1M",
        "-f qcow2 -o size=5M @x",
        "-f qcow2 -o compat=0.10 @x 1M",
        "-f qcow2 -o compat=v2 @x 1M",
        "-f qcow2 -o compat=1.1 @x 1M",
        "-f qcow2 -o compat=v3,compat=0.10 @x 1M",
        "-f qcow2 -o cluster_size=512 @x 100M",
        "-f qcow2 -o cluster_size=2M @x 100M",
        "-f qcow2 -o cluster_size=0x1000 @x 100M",
        "-f qcow2 -o refcount_bits=1 @x 1M",
        "-f qcow2 -o refcount_bits=64,cluster_size=512 @x 100M",
        "-f qcow2 -o refcount_bits=0x20 @x 1M",
        "-f qcow2 -o refcount_bits=010 @x 1M",
        "-f qcow2 -o extended_l2=on @x 1M",
        "-f qcow2 -o extended_l2 @x 1M",
        "-f qcow2 -o noextended_l2 @x 1M",
        "-f qcow2 -o compression_type=zstd @x 1M",
        "-f qcow2 -o lazy_refcounts=on @x 1M",
        "-f qcow2 -o lazy_refcounts=yes,nodata_file_raw -o size=1M @x",
        "-f qcow2 -o encryption=off @x 1M",
        "-f qcow2 -o nocow=on,extent_size_hint=4k @x 1M",
        "-f qcow2 -o preallocation=metadata @x 1M",
        "-f qcow2 -o preallocation=metadata @x 500M",
        "-f qcow2 -o preallocation=metadata,extended_l2=on @x 100M",
        "-f qcow2 -o preallocation=metadata,compat=0.10 @x 1M",
        "-f qcow2 -o preallocation=metadata,cluster_size=4k @x 2M",
        "-f qcow2 -o preallocation=metadata @x 0",
        "-f qcow2 -o preallocation=metadata @x 100k",
        "-f qcow2 -o preallocation=falloc @x 1M",
        "-f qcow2 -o preallocation=full @x 1M",
        "-f qcow2 -o preallocation=full,extended_l2=on @x 1M",
        "-f qcow2 -o preallocation=off @x 1M",
        "-f qcow2 -o data_file=@d @x 1M",
        "-f qcow2 -o data_file=@d,data_file_raw=on @x 1M",
        "-f qcow2 -o data_file=@d,data_file_raw=on,preallocation=off @x 1M",
        "-f qcow2 -o data_file=@d,preallocation=metadata @x 1M",
        "-f qcow2 -o data_file=@d,data_file_raw=on,extended_l2=on @x 1M",
        "-f qcow2 -b base.qcow2 -F qcow2 @x",
        "-f qcow2 -b base.qcow2 -F qcow2 @x 1M",
        "-f qcow2 -b @base.qcow2 -F qcow2 @x",
        "-f qcow2 -b base.raw -F raw @x",
        "-f qcow2 -b base.qcow2 -F raw @x",
        "-f qcow2 -b base.qcow2 -F qcow2 -o extended_l2=on,preallocation=metadata @x",
        "-f qcow2 -o backing_file=base.raw,backing_fmt=raw @x",
        "-f qcow2 -o backing_file=base.raw,backing_fmt=raw -b base.qcow2 -F qcow2 @x",
        "-f qcow2 -u -b gone -F raw @x 1M",
        "-f qcow2 -u -b gone -F vmdk @x 1M",
        "-f qcow2 -u -b json:{} -F raw @x 1M",
        "-f qcow2 -u -b nbd:foo -F raw @x 1M",
        "-f qcow2 -u -o backing_file=a,,b -F raw @x 1M",
        "-f qcow2 -b folder/../base.raw -F raw @x",
      })
  void makesWhatQemuImgMakes(String line) throws IOException {
    ToolRun theirs = QEMU.img(arguments("create " + line));
    assertThat(theirs.exitCode()).as("%s", theirs).isZero();
    List<String> said = askAbout();
    clear();
    OurRun ours = OurRun.asQemuImg(arguments("create " + line));

    assertThat(ours.stderr()).isEqualTo(theirs.stderr());
    assertThat(ours.stdout()).isEqualTo(theirs.stdout());
    assertThat(ours.exitCode()).isZero();
    List<String> ofOurs = askAbout();
    assertThat(ofOurs).isEqualTo(said);
    clear();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-f qcow2",
        "-f qcow2 @x",
        "-f qcow2 @x 1x",
        "-f qcow2 @x ''",
        "-f qcow2 @x 1.5",
        "-f qcow2 @x -1",
        "-f qcow2 -- @x -1",
        "-f qcow2 @x 1 2",
        "-f qcow2 @x 9223372036854775807",
        "-f qcow2 @x 9223372036854775808",
        "-f qcow2 @x 1E",
        "-f qcow2 -o cluster_size=512 @x 1T",
        "-f raw @x 9223372036854775807",
        "-f nope @x 1M",
        "-f qcow2 foo:bar 1M",
        "-f vvfat @x 1M",
        "-f bochs -o help",
        "-f qcow2 json:{} 1M",
        "-f qcow2 '' 1M",
        "-f raw '' 1M",
        "-f qcow2 @folder 1M",
        "-f raw @folder 1M",
        "-f qcow2 @gone/x 1M",
        "-f raw @gone/x 1M",
        "-f qcow2 @base.raw/x 1M",
        "-f raw /dev/null 1M",
        "-z @x 1M",
        "--image-opts @x 1M",
        "--object foo,id=x @x 1M",
        "-f qcow2 -o foo @x 1M",
        "-f qcow2 -o foo=bar @x 1M",
        "-f qcow2 -o nofoo @x 1M",
        "-f qcow2 -o nocow @x 1M",
        "-f qcow2 -o nocompat @x 1M",
        "-f qcow2 -o '' @x 1M",
        "-f qcow2 -o , @x 1M",
        "-f qcow2 -o a, @x 1M",
        "-f qcow2 -o = @x 1M",
        "-f qcow2 -o compat @x 1M",
        "-f qcow2 -o compat=0.9 @x 1M",
        "-f qcow2 -o compat=foo,preallocation=zork,compression_type=lz4 @x 1M",
        "-f qcow2 -o size=5M @x 1M",
        "-f qcow2 -o size=foo @x",
        "-f qcow2 -o size=16E @x",
        "-f qcow2 -o size=8E @x",
        "-f qcow2 -o size=15.5E @x",
        "-f qcow2 -o cluster_size=3 @x 1M",
        "-f qcow2 -o cluster_size=4M @x 1M",
        "-f qcow2 -o cluster_size=foo @x 1M",
        "-f qcow2 -o cluster_size=-1 @x 1M",
        "-f qcow2 -o cluster_size=1.5k @x 1M",
        "-f qcow2 -o refcount_bits=3 @x 1M",
        "-f qcow2 -o refcount_bits=-1 @x 1M",
        "-f qcow2 -o refcount_bits=foo @x 1M",
        "-f qcow2 -o refcount_bits=5x @x 1M",
        "-f qcow2 -o refcount_bits=99999999999999999999 @x 1M",
        "-f qcow2 -o refcount_bits=3,data_file_raw=on @x 1M",
        "-f qcow2 -o lazy_refcounts=foo @x 1M",
        "-f qcow2 -o compat=0.10,lazy_refcounts=on @x 1M",
        "-f qcow2 -o compat=0.10,lazy_refcounts=on,refcount_bits=3 @x 1M",
        "-f qcow2 -o compat=0.10,refcount_bits=1 @x 1M",
        "-f qcow2 -o compat=0.10,extended_l2=on @x 1M",
        "-f qcow2 -o compat=0.10,extended_l2=on,cluster_size=3 @x 1M",
        "-f qcow2 -o compat=0.10,compression_type=zstd @x 1M",
        "-f qcow2 -o compat=0.10,compression_type=zstd,data_file=@d @x 1M",
        "-f qcow2 -o compat=0.10,data_file=@d @x 1M",
        "-f qcow2 -o extended_l2=on,cluster_size=8k @x 1M",
        "-f qcow2 -o compression_type=lz4 @x 1M",
        "-f qcow2 -o preallocation=zork @x 1M",
        "-f qcow2 -o preallocation=zork,compression_type=lz4,cluster_size=3 @x 1M",
        "-f qcow2 -o preallocation=metadata -u -b b -F raw @x 1M",
        "-f qcow2 -o preallocation=full,lazy_refcounts=on,compat=v2 -u -b b -F raw @x 1M",
        "-f qcow2 -o data_file_raw=on @x 1M",
        "-f qcow2 -o data_file_raw=on,compat=v2,compression_type=zstd @x 1M",
        "-f qcow2 -o data_file=@d,data_file_raw=on -u -b b -F raw @x 1M",
        "-f qcow2 -o data_file=@gone/d @x 1M",
        "-f qcow2 -o data_file= @x 1M",
        "-f qcow2 -o encryption=maybe @x 1M",
        "-f qcow2 -o encryption=yes @x 1M",
        "-f qcow2 -o encryption=on @x 1M",
        "-f qcow2 -o encryption=on,encrypt.format=luks @x 1M",
        "-f qcow2 -o encrypt.format=aes @x 1M",
        "-f qcow2 -o encrypt.format=luks @x 1M",
        "-f qcow2 -o encrypt.format=luks,cluster_size=3 @x 1M",
        "-f qcow2 -o encrypt.format=luks,compression_type=lz4 @x 1M",
        "-f qcow2 -o encrypt.format=foo @x 1M",
        "-f qcow2 -o encrypt.format=luks,encrypt.iter-time=x @x 1M",
        "-f qcow2 -o encrypt.key-secret=k @x 1M",
        "-f qcow2 -o backing_file= @x 1M",
        "-f qcow2 -b @x -F qcow2 @x",
        "-f qcow2 -b gone @x",
        "-f qcow2 -b gone -F qcow2 @x",
        "-f qcow2 -b gone -F qcow2 @x 1M",
        "-f qcow2 -b gone -F zork @x",
        "-f qcow2 -b base.raw @x",
        "-f qcow2 -b base.qcow2 @x",
        "-f qcow2 -b base.qcow2 @x 1M",
        "-f qcow2 -b base.raw -F qcow2 @x",
        "-f qcow2 -b folder -F raw @x",
        "-f qcow2 -b broken.qcow2 -F qcow2 @x",
        "-f qcow2 -b foo:bar -F raw @x",
        "-f qcow2 -u -b gone -F raw @x",
        "-f qcow2 -u -b gone @x 1M",
        "-f qcow2 -u -b gone -F zork @x 1M",
        "-f qcow2 -u -b gone -F zork -o compat=foo @x 1M",
        "-f qcow2 -u -b gone -F zork -o preallocation=zork @x 1M",
        "-f qcow2 -F qcow2 @x 1M",
        "-f qcow2 -F zork @x 1M",
        "-f qcow2 -F raw -o cluster_size=3 @x 1M",
        "-f qcow2 -F raw -o lazy_refcounts=on,compat=v2 @x 1M",
        "-f raw -b base.raw @x 1M",
        "-f raw -F raw @x 1M",
        "-f raw -b base.raw -F raw @x",
        "-f raw -o preallocation=zork @x 1M",
        "-f raw -o preallocation=metadata @x 1M",
        "-f raw -o compat=v3 @x 1M",
        "-f raw -o extent_size_hint=16E @x 1M",
        "-f raw -o nocow=5 @x 1M",
        "-o help",
        "-f qcow2 -o help",
        "-f qcow2 -o help @x 1M",
        "-f raw -o help @x",
        "-f qcow2 -o cluster_size=3,? @x",
        "-f nope -o help @x",
      })
  void refusesWhatQemuImgRefuses(String line) throws IOException {
    List<String> arguments = arguments("create " + line);
    ToolRun theirs = QEMU.img(arguments);
    clear();
    OurRun ours = OurRun.asQemuImg(arguments);

    assertThat(ours.stderr()).isEqualTo(theirs.stderr());
    assertThat(ours.stdout()).isEqualTo(theirs.stdout());
    assertThat(ours.exitCode()).isEqualTo(theirs.exitCode());
    assertThat(directory.resolve("x")).doesNotExist();
    assertThat(directory.resolve("d")).doesNotExist();
  }

  @Test
  void namesThatAreTooLongForTheHeaderAreRefusedAlike() throws IOException {
    String name = "a".repeat(1000);
    for (String line :
        List.of(
            "-f qcow2 -o cluster_size=512 -u -b " + name + " -F raw @x 1M",
            "-f qcow2 -u -b " + name + "a".repeat(24) + " -F raw @x 1M")) {
      refusesWhatQemuImgRefuses(line);
    }
    makesWhatQemuImgMakes("-f qcow2 -u -b " + name + "a".repeat(23) + " -F raw @x 1M");
  }

  @Test
  void optionsOfNewerVersionsAreUnderstood() throws IOException {
    OurRun run =
        OurRun.asQemuImg(
            arguments(
                "create --format=qcow2 --backing base.qcow2 --backing-format qcow2 --quiet"
                    + " --options cluster_size=4k @x 1M"));
    assertThat(run).returns("", OurRun::stderr).returns("", OurRun::stdout);
    ToolRun newer = QEMU.img("info", directory.resolve("x").toString());
    clear();
    assertThat(
            OurRun.asQemuImg(
                arguments(
                    "create -q -f qcow2 -b base.qcow2 -B qcow2" + " -o cluster_size=4k @x 1M")))
        .returns("", OurRun::stderr);
    assertThat(QEMU.img("info", directory.resolve("x").toString()).stdout())
        .isEqualTo(newer.stdout());
    clear();
  }

  @Test
  void encryptionIsRefusedByItsName() throws IOException {
    assertThat(
            OurRun.asQemuImg(
                    arguments(
                        "create -q -f qcow2 -o encrypt.format=luks,encrypt.key-secret=s @x 1M"))
                .stderr())
        .isEqualTo(
            "qemu-img: "
                + directory.resolve("x")
                + ": Option 'encrypt.format' is not supported: images cannot be encrypted\n");
    assertThat(directory.resolve("x")).doesNotExist();
  }

  @Test
  void anImageInUseIsNeitherReplacedNorHarmed() throws Exception {
    Path image = Workbench.in(directory).image("used.qcow2", "", 1 << 20, "write -P 5 0 64k");
    byte[] before = Files.readAllBytes(image);
    for (String format : List.of("raw", "qcow2")) {
      try (HeldImage holder = HeldImage.open(image, "qcow2")) {
        OurRun run = OurRun.asQemuImg("create", "-q", "-f", format, image.toString(), "1M");
        assertThat(run.stderr())
            .isEqualTo(
                "qemu-img: "
                    + image
                    + ": Failed to get \"write\" lock\nIs another process using the image ["
                    + image
                    + "]?\n");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(holder).isNotNull();
      }
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }

  @Test
  void whatCannotBeMadeLeavesTheFileThatIsThere() throws IOException {
    Path image = Files.write(directory.resolve("x"), new byte[] {1, 2, 3});
    for (String line : List.of("-f qcow2 -o compat=foo @x 1M", "-f qcow2 @x 1E")) {
      assertThat(OurRun.asQemuImg(arguments("create " + line))).returns(1, OurRun::exitCode);
      assertThat(Files.readAllBytes(image)).containsExactly(1, 2, 3);
    }
    Files.delete(image);
  }

  /**
   * What qemu-img says of the image that was made. Disk sizes, and the holes of a raw file, are a
   * matter of the moment.
   */
  private static List<String> askAbout() {
    String image = directory.resolve("x").toString();
    List<String> said = new ArrayList<>();
    said.add(sizeless(QEMU.img("info", "-f", "raw", image)));
    String info = sizeless(QEMU.img("info", image));
    said.add(info);
    if (info.contains("file format: qcow2")) {
      said.add(QEMU.img("check", image).toString());
      said.add(QEMU.img("map", "--output=json", image).toString());
    }
    return said;
  }

  private static String sizeless(ToolRun info) {
    return info.toString().replaceAll("disk size: .*", "");
  }

  private static void clear() throws IOException {
    Files.deleteIfExists(directory.resolve("x"));
    Files.deleteIfExists(directory.resolve("d"));
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
