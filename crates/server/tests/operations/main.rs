//! The binary as its operator meets it: started, asked, backed up, restored, killed. Mostly over plain HTTP, on a
//! demo tenant in a folder of its own.

mod backup;
mod doctor;
mod process;
mod transport;
mod watching;
