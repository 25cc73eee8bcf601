//! Every example does what it says.
#[path = "../../examples/own_protocol.rs"]
mod own_protocol;

#[test]
fn a_protocol_of_ones_own_finds_out_how_often_to_call() {
    own_protocol::main().expect("a network");
}
