package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static io.github.qcow4j.snapshot.tar.Archives.end;
import static io.github.qcow4j.snapshot.tar.Archives.header;
import static io.github.qcow4j.snapshot.tar.Archives.join;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.transfer.HostProgram;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an archive says beside its disks is said by the archive of the box that was made of it. */
class CarriedManifestTest extends ScenarioHome {

  private static byte[] member(String name, byte[] bytes) {
    return join(header(name, '0', bytes.length), bytes);
  }

  /** Makes a box of an archive of other people's, and reads the manifest that it goes out with. */
  private JsonObject throughABox(int version, String image, String options) throws Exception {
    String manifest =
        """
        {"version": %d, "box_name": "web", "image": "%s",%s "guest_disk_checksum": "",
         "container_disk_checksum": "", "exported_at": "2026-03-04T05:06:07Z"}
        """
            .formatted(version, image, options.replace('\'', '"'));
    Path disk = directory.resolve("disk.qcow2");
    qemu.create(disk, "", DISK_BYTES);
    qemu.io(disk, at(1, 3).writing());
    byte[] archive =
        join(
            member("manifest.json", manifest.getBytes(UTF_8)),
            member("disk.qcow2", Files.readAllBytes(disk)),
            end());
    importArchive(Files.write(directory.resolve("in.boxlite"), archive), "web").reads(at(1, 3));
    cloneLive("web", "twin");
    JsonObject out = manifestOf(box("web").export());
    JsonObject ofClone = manifestOf(box("twin").export());
    assertThat(ofClone.get("image")).isEqualTo(out.get("image"));
    assertThat(ofClone.get("box_options")).isEqualTo(out.get("box_options"));
    return out;
  }

  private JsonObject manifestOf(Path archive) throws IOException, InterruptedException {
    String text =
        HostProgram.run(directory, "tar", "--zstd", "-xOf", archive.toString(), "manifest.json");
    return JsonText.readObject(text.getBytes(UTF_8), "manifest");
  }

  private static JsonValue json(String text) throws IOException {
    return JsonText.read(text.replace('\'', '"').getBytes(UTF_8), "test");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "alpine:3 | {'cpus': 3, 'something_new': {'x': 1}}",
        "alpine:3 | {}",
        "alpine:3 |",
        "`` | {'cpus': 3}",
        "`` |",
      })
  void theImageAndTheOptionsGoOutAsTheyCame(String image, String options) throws Exception {
    JsonObject out =
        throughABox(3, image, options == null ? "" : "'box_options': " + options + ",");
    assertThat(out.get("image")).isEqualTo(new JsonString(image));
    JsonValue expected = options == null ? null : json(options);
    assertThat(out.get("box_options")).isEqualTo(expected);
  }

  /** Several lines, with what stands before each, are longer than what was read. */
  @Test
  void optionsThatWereShortEnoughToComeInGoOutAndComeInAgain() throws Exception {
    String options = "{'numbers': [1" + ",1".repeat(600_000) + "]}";
    JsonObject out = throughABox(3, "alpine", "'box_options': " + options + ",");
    assertThat(out.get("box_options")).isEqualTo(json(options));
    importArchive(directory.resolve("web.boxlite"), "back").reads(at(1, 3));
  }

  @Test
  void optionsThatNoImportTakesAreNotWritten() throws Exception {
    String options = "{\"text\": \"" + "x".repeat(4 << 20) + "\"}";
    List<DiskSource> disks = List.of(new DiskSource.Empty(ROOT, DISK_BYTES));
    home.create(new CreateRequest("web", disks, options), new JobControl());
    assertThatThrownBy(() -> box("web").export())
        .isInstanceOf(TransferLimitException.class)
        .hasMessageContaining("allowed are 4194304");
    assertThat(directory.resolve("web.boxlite")).doesNotExist();
  }

  /** Options that pretend to be what this program notes are not taken for it. */
  @Test
  void anArchiveCannotSayTheImageTwice() throws Exception {
    String options = "{'cpus': 3, 'qcow4j_manifest': {'image': 'other', 'box_options': null}}";
    JsonObject out = throughABox(3, "", "'box_options': " + options + ",");
    assertThat(out.get("image")).isEqualTo(new JsonString(""));
    assertThat(out.get("box_options")).isEqualTo(json("{'cpus': 3}"));
  }

  /**
   * Below version 5 a port of the host that is null means the guest's, and there are TCP and all
   * addresses only; ports go out as version 5, of which BoxLite takes them as they stand.
   */
  @ParameterizedTest
  @CsvSource({"1", "3", "4"})
  void portsOfFormerVersionsMeanTheSameInTheLatest(int version) throws Exception {
    JsonObject out =
        throughABox(
            version,
            "alpine",
            "'box_options': {'ports': [{'host_port': null, 'guest_port': 80},"
                + " {'guest_port': 81, 'protocol': 'Udp', 'host_ip': '127.0.0.1'},"
                + " {'host_port': 8080, 'guest_port': 82, 'protocol': 'tcp'}]},");
    assertThat(out.get("version")).isEqualTo(json("5"));
    assertThat(out.get("box_options"))
        .isEqualTo(
            json(
                "{'ports': ["
                    + "{'host_port': 80, 'guest_port': 80, 'protocol': 'tcp', 'host_ip': null},"
                    + "{'guest_port': 81, 'protocol': 'tcp', 'host_ip': null, 'host_port': 81},"
                    + "{'host_port': 8080, 'guest_port': 82, 'protocol': 'tcp', 'host_ip': null}]}"));
  }

  @Test
  void portsOfTheLatestVersionStayAsTheyAre() throws Exception {
    String options =
        "{'ports': [{'host_port': null, 'guest_port': 80, 'protocol': 'udp', 'host_ip': '::1'}]}";
    JsonObject out = throughABox(5, "alpine", "'box_options': " + options + ",");
    assertThat(out.get("box_options")).isEqualTo(json(options));
  }
}
